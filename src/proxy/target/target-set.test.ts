import { closeSync, fstatSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { Netns } from '../../../test/support/netns.ts';
import { O_DIRECTORY, O_PATH } from '../../sys/constants.ts';
import { dupFd } from '../../sys/dup.ts';
import { NetNamespace } from '../../sys/netns.ts';
import type { WireTarget } from '../messages.ts';
import { TargetSet } from './target-set.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

let set: TargetSet;
beforeEach(() => {
  set = new TargetSet();
});
afterEach(() => set.close());

/** A target as it arrives in a message: its descriptor is a duplicate made for the set. */
function ip(namespace?: NetNamespace, host = '127.0.0.1', port = 80): WireTarget {
  const namespaceFd = namespace === undefined ? -1 : dupFd(namespace.fd).release();
  return { member: 0, label: 'm0', namespaceFd, address: { kind: 'ip', host, port } };
}

function unix(root: string | undefined, path = '/run/x.sock'): WireTarget {
  const rootFd = root === undefined ? -1 : openSync(root, O_PATH | O_DIRECTORY);
  return { member: 0, label: 'm0', namespaceFd: -1, address: { kind: 'unix', path, rootFd } };
}

describe('targets without descriptors', () => {
  test('are encoded once, for all their connections', () => {
    const [v4, v6, path] = set.replace([ip(), ip(undefined, '::1', 81), unix(undefined)]);
    expect(v4).toMatchObject({ domain: 2, namespaceFd: -1, rootFd: -1 });
    expect(v6).toMatchObject({ domain: 10 });
    expect(path).toMatchObject({ domain: 1, address: { kind: 'unix', path: '/run/x.sock' } });
    expect(v4?.sockaddr.toString('hex')).toBe('02000050'.concat('7f000001', '0000000000000000'));
    expect(path?.sockaddr.toString('latin1', 2)).toBe('/run/x.sock\0');
  });
});

describe.skipIf(missing !== undefined)('namespaces of targets', () => {
  test('announced again keep their first handle: the target is the same to the pool', () => {
    using room = Netns.create();
    const [first] = set.replace([ip(room.namespace)]);
    const before = openDescriptors();
    const [second] = set.replace([ip(room.namespace)]);
    expect(second?.namespace).toBe(first?.namespace);
    expect(second?.namespaceFd).toBe(first?.namespaceFd);
    expect(openDescriptors()).toBe(before);
  });

  test('shared by several targets are held once', () => {
    using room = Netns.create();
    const before = openDescriptors();
    const targets = set.replace([ip(room.namespace), ip(room.namespace, '127.0.0.2'), ip(room.namespace, '::1')]);
    expect(new Set(targets.map(({ namespace }) => namespace)).size).toBe(1);
    expect(openDescriptors()).toBe(before + 1);
  });

  test('of a container that was made anew are others (A29)', () => {
    using before = Netns.create();
    using after = Netns.create();
    const [old] = set.replace([ip(before.namespace)]);
    const oldName = old?.namespace;
    const [fresh] = set.replace([ip(after.namespace)]);
    expect(fresh?.namespace).not.toBe(oldName);
    expect(fresh?.namespace?.id).toBe(after.namespace.id);
    expect(() => oldName?.fd).toThrow('after it was closed');
  });

  test('cost no descriptor over any number of announcements', () => {
    using one = Netns.create();
    using two = Netns.create();
    const before = openDescriptors();
    const sets = [[one, two], [two], [], [one, one, two], [one]];
    for (let round = 0; round < 40; round++) {
      const rooms = sets[round % sets.length] as Netns[];
      set.replace([...rooms.map(({ namespace }) => ip(namespace)), unix('/tmp'), unix(undefined)]);
      // one per namespace, one for the root
      expect(openDescriptors()).toBe(before + new Set(rooms).size + 1);
    }
    set.close();
    expect(openDescriptors()).toBe(before);
  });
});

describe('roots of targets', () => {
  test('belong to the set until they are replaced', () => {
    const [target] = set.replace([unix('/tmp')]);
    expect(target).toMatchObject({ rootFd: expect.any(Number), sockaddr: Buffer.alloc(0) });
    expect(fstatSync(target?.rootFd as number).isDirectory()).toBe(true);
    set.replace([]);
    expect(() => fstatSync(target?.rootFd as number)).toThrow('EBADF');
  });
});

describe('a target that cannot exist', () => {
  const wrong: ReadonlyArray<readonly [string, () => WireTarget]> = [
    ['a name where an address must be', () => ip(undefined, 'localhost')],
    ['a path longer than a socket may have', () => unix(undefined, `/${'x'.repeat(200)}`)],
  ];

  test.each(wrong)('is refused as a whole (%s): nothing of it stays open', (_what, make) => {
    using current = NetNamespace.current();
    const before = openDescriptors();
    expect(() => set.replace([ip(current), unix('/tmp'), make()])).toThrow(RangeError);
    expect(openDescriptors()).toBe(before);
  });

  test.each(wrong)('leaves those before as they are (%s): they are dialed by number', (_what, make) => {
    using current = NetNamespace.current();
    const [target, path] = set.replace([ip(current), unix('/tmp')]);
    expect(() => set.replace([ip(current), make()])).toThrow(RangeError);
    expect(target?.namespace?.id).toBe(current.id);
    expect(target?.namespace?.fd).toBe(target?.namespaceFd);
    const held = dupFd(path?.rootFd as number).release();
    expect(fstatSync(held).isDirectory()).toBe(true);
    closeSync(held);
  });
});

import { openSync, readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../test/support/descriptors.ts';
import { Netns } from '../../test/support/netns.ts';
import { until } from '../../test/support/relay-wait.ts';
import { NetNamespace } from './netns.ts';
import { localEndpoint, udpSocketIn } from './sockets.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const here = (): string => readlinkSync('/proc/thread-self/ns/net');
/** Where the threads of this process are; one that ended meanwhile is nowhere. */
const everywhere = (): Set<string> =>
  new Set(readdirSync('/proc/self/task').flatMap((thread) => link(`/proc/self/task/${thread}/ns/net`) ?? []));

describe.skipIf(missing !== undefined)('a bracket in a network namespace', () => {
  test('lasts for one call, whose value comes back', () => {
    using room = Netns.create();
    const home = here();
    expect(room.namespace.enter(here)).toBe(room.namespace.id);
    expect(room.namespace.id).not.toBe(home);
    expect(here()).toBe(home);
  });

  test('passes on what is thrown inside, and the thread is home', () => {
    using room = Netns.create();
    const home = here();
    const fails = (): never => {
      throw new Error(`thrown in ${here()}`);
    };
    expect(() => room.namespace.enter(fails)).toThrow(`thrown in ${room.namespace.id}`);
    expect(here()).toBe(home);
  });

  test('does not begin on what is no network namespace', () => {
    const home = here();
    using device = NetNamespace.adopt(openSync('/dev/null', 'r'));
    using mounts = NetNamespace.open('/proc/self/ns/mnt');
    let ran = 0;
    for (const wrong of [device, mounts]) expect(() => wrong.enter(() => ++ran)).toThrow('setns: EINVAL');
    expect(ran).toBe(0);
    expect(here()).toBe(home);
  });

  test('leaves no thread of the process elsewhere', () => {
    using room = Netns.create();
    const home = here();
    for (let i = 0; i < 100; i++) {
      room.namespace.enter(here);
      expect(() =>
        room.namespace.enter(() => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
    }
    expect(everywhere()).toEqual(new Set([home]));
  });

  test('is refused within another: the inner one would end the outer', () => {
    using room = Netns.create();
    using other = Netns.create();
    const home = here();
    expect(() => room.namespace.enter(() => other.namespace.enter(here))).toThrow('already inside');
    expect(here()).toBe(home);
    expect(other.namespace.enter(here)).toBe(other.namespace.id);
  });

  test('costs no descriptors', () => {
    using room = Netns.create();
    room.namespace.enter(here); // the first one opens the way home, for good
    const before = openDescriptors();
    for (let i = 0; i < 100; i++) room.namespace.enter(here);
    expect(openDescriptors()).toBe(before);
  });
});

describe.skipIf(missing !== undefined)('the identity of a namespace (A29)', () => {
  test('is the same by name, by process and by duplicate', async () => {
    using room = Netns.create();
    const child = room.start('sleep', ['600']);
    try {
      const pid = await until('the program has a pid', () => child.pid);
      // nsenter goes inside a moment after its start.
      await until('it is inside', () => link(`/proc/${pid}/ns/net`) === room.namespace.id);
      using byPid = NetNamespace.ofPid(pid);
      using again = room.namespace.duplicate();
      expect(byPid.id).toBe(room.namespace.id);
      expect(again.id).toBe(room.namespace.id);
      expect(again.fd).not.toBe(room.namespace.fd);
      expect(byPid.enter(here)).toBe(again.enter(here));
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('differs between namespaces, and is what the kernel prints', () => {
    using one = Netns.create();
    using two = Netns.create();
    using current = NetNamespace.current();
    expect(new Set([one.namespace.id, two.namespace.id, current.id]).size).toBe(3);
    expect(current.id).toBe(here());
    expect(`net:[${current.inode}]`).toBe(here());
  });

  test('belongs to the handle, whoever takes the name away', () => {
    using room = Netns.create();
    using handle = room.namespace.duplicate();
    const { id } = handle;
    room.unname();
    expect(() => NetNamespace.named(room.name)).toThrow('ENOENT');
    expect(handle.enter(here)).toBe(id);
    using socket = udpSocketIn(handle, '127.0.0.1');
    expect(localEndpoint(socket.fd)?.port).toBeGreaterThan(0);
  });
});

describe('a handle on a namespace', () => {
  test('is closed once, and spares the descriptor that has its number afterwards', () => {
    const before = openDescriptors();
    const handle = NetNamespace.current();
    const { fd } = handle;
    handle[Symbol.dispose]();
    expect(openDescriptors()).toBe(before);
    using next = NetNamespace.current();
    expect(next.fd).toBe(fd); // the lowest free number, open(2)
    handle[Symbol.dispose]();
    expect(next.id).toBe(here());
    expect(() => handle.fd).toThrow('after it was closed');
  });

  test.each([
    ['a process that does not exist', () => NetNamespace.ofPid(2 ** 22 + 1)],
    ['a name that nobody gave', () => NetNamespace.named('wh-no-such-room')],
  ])('on %s is ENOENT', (_what, open) => {
    expect(open).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

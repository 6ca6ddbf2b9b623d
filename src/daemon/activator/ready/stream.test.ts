import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../../test/support/descriptors.ts';
import { FakeRunner } from '../../../../test/support/fake-runner.ts';
import { Netns } from '../../../../test/support/netns.ts';
import { placeOf, targetIn } from '../../../../test/support/probe-world.ts';
import { until } from '../../../../test/support/relay-wait.ts';
import { listenAt, listenIn } from '../../../../test/support/room-server.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { SyscallError } from '../../../sys/errno.ts';
import type { NetNamespace } from '../../../sys/netns.ts';
import { untilReady } from './ready.ts';
import { paceAfter } from './stream.ts';
import type { ProbeTarget, Ready, Resolve } from './target.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const never = new AbortController().signal;
const probe = (target: ProbeTarget, signal = never, resolve?: Resolve): Promise<Ready> =>
  untilReady({ kind: 'tcp' }, target, new FakeRunner(), signal, resolve);

/** What the connection says first. */
async function greeting({ socket }: Ready): Promise<string> {
  if (socket === undefined) throw new Error('no connection');
  const client = new Socket({ fd: socket.release() });
  const text = await new Promise<string>((resolve) => client.once('data', (data) => resolve(String(data))));
  client.destroy();
  return text;
}

test('attempts come every 5 ms for 2 s, then more and more seldom, at last every 50 ms', () => {
  expect([0, 1000, 2000, 4000, 20_000, 60_000].map(paceAfter)).toEqual([5, 5, 5, 10, 50, 50]);
});

describe.skipIf(missing !== undefined)('the probe tcp', () => {
  test('hands over, unread, the connection by which it found the port open in the target’s namespace', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    const reasons: string[] = [];
    const ready = probe(targetIn(place, { onWaiting: (reason) => reasons.push(reason) }));
    await until('it has found the port closed', () => reasons[0]);
    await using server = await listenIn(room.namespace, 80, (socket) => socket.write('hello'));
    expect(await greeting(await ready)).toBe('hello');
    expect(server.clients).toHaveLength(1);
    expect(reasons).toEqual(['127.0.0.1:80: ECONNREFUSED']);
  });

  test('takes IPv6, and a name as the place resolves it, which may come to mean something only later', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    await using _server = await listenIn(room.namespace, 80, (socket) => socket.write('six'), '::1');
    expect(await greeting(await probe(targetIn(place, { host: '::1' })))).toBe('six');
    let asked = 0;
    const resolve: Resolve = async (host, where) => {
      expect([host, where]).toEqual(['db', place]);
      asked += 1;
      if (asked === 1) throw new WormholeError('WH_ERR_NAME_NOT_RESOLVED', 'db does not resolve');
      return { addresses: ['127.0.0.1', '::1'], validForMs: 60_000 };
    };
    const reasons: string[] = [];
    const onWaiting = (reason: string): void => void reasons.push(reason);
    expect(await greeting(await probe(targetIn(place, { host: 'db', onWaiting }), never, resolve))).toBe('six');
    expect(asked).toBe(2);
    expect(reasons).toEqual(['db does not resolve', '127.0.0.1:80: ECONNREFUSED']);
  });

  test('never takes a connection to itself for the service, nor the port away from it', async () => {
    using room = Netns.create();
    using place = placeOf(room.namespace);
    // The only source port there is: each attempt that leaves is a connection to itself.
    const sysctl = room.start('sysctl', ['-w', 'net.ipv4.ip_local_port_range=40000 40000']);
    await new Promise((resolve) => sysctl.once('exit', resolve));
    const reasons: string[] = [];
    const ready = probe(targetIn(place, { port: 40_000, onWaiting: (reason) => reasons.push(reason) }));
    await until('it has tried', () => reasons[0]);
    await sleep(50);
    const range = room.start('sysctl', ['-w', 'net.ipv4.ip_local_port_range=30000 60000']);
    await new Promise((resolve) => range.once('exit', resolve));
    await using _server = await listenIn(room.namespace, 40_000, (socket) => socket.write('real'));
    expect(await greeting(await ready)).toBe('real');
  });

  test('holds one socket at most, and none once its signal has aborted, also in the middle of a connect', async () => {
    using room = Netns.create();
    room.ip('link', 'add', 'wh-a', 'type', 'veth', 'peer', 'name', 'wh-b');
    room.ip('address', 'add', '192.0.2.1/24', 'dev', 'wh-a');
    room.ip('link', 'set', 'wh-a', 'up');
    room.ip('link', 'set', 'wh-b', 'up');
    using place = placeOf(room.namespace);
    const stop = new AbortController();
    const before = openDescriptors();
    // Nobody answers for the neighbour: the connect hangs.
    const ready = probe(targetIn(place, { host: '192.0.2.9' }), stop.signal);
    const counts = new Set<number>();
    await until('a connect is under way', () => counts.add(openDescriptors() - before).has(1));
    for (let look = 0; look < 20; look++) {
      await sleep(3);
      counts.add(openDescriptors() - before);
    }
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(ready).rejects.toBe(reason);
    expect(openDescriptors()).toBe(before);
    expect(Math.max(...counts)).toBe(1);
  });

  test('is not started by a signal that has aborted', async () => {
    using place = placeOf(undefined);
    await expect(probe(targetIn(place), AbortSignal.abort('over'))).rejects.toBe('over');
  });

  test('a namespace that cannot be entered ends it at once', async () => {
    const closed = {
      enter: () => {
        throw new SyscallError('setns', 1);
      },
    } as unknown as NetNamespace;
    using place = { ...placeOf(undefined), namespace: closed };
    await expect(probe(targetIn(place))).rejects.toMatchObject({ code: 'WH_ERR_NAMESPACE' });
  });
});

describe('the probe tcp of a unix target', () => {
  test('connects to the socket inside the root as soon as it is there, and follows no link out of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wh-root-'));
    try {
      mkdirSync(join(folder, 'root/run'), { recursive: true });
      symlinkSync(join(folder, 'outside.sock'), join(folder, 'root/run/app.sock'));
      await using _outside = await listenAt(join(folder, 'outside.sock'), (socket) => socket.write('outside'));
      using place = placeOf(undefined, join(folder, 'root'));
      const reasons: string[] = [];
      const target = { protocol: 'unix', host: '', port: 0, path: '/run/app.sock' } as const;
      const onWaiting = (reason: string): void => void reasons.push(reason);
      const before = openDescriptors();
      const ready = probe(targetIn(place, { ...target, onWaiting }));
      await until('it has found nothing', () => reasons[0]);
      await sleep(30);
      expect(openDescriptors()).toBe(before);
      rmSync(join(folder, 'root/run/app.sock'));
      await using _inside = await listenAt(join(folder, 'root/run/app.sock'), (socket) => socket.write('inside'));
      expect(await greeting(await ready)).toBe('inside');
      expect(reasons).toEqual(['/run/app.sock: ENOENT']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/**
 * The process that holds the UDP sockets of IPsec tunnels, as the daemon talks to it. The sockets need no ESP in the kernel.
 */
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Holding } from '../../src/tunnel/encapsulation/holding.ts';
import { Netns } from '../support/netns.ts';
import { holder } from '../support/tunnel-hosts.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const pathOf = (room: Netns): string => `/run/wormhole-udp-${room.inode}.sock`;
const remote = { host: '127.0.0.1', port: 9 };
const local = (port: number) => ({ host: '127.0.0.1', port });
const sockets = (room: Netns): string[] =>
  execFileSync('nsenter', [`--net=${room.path}`, 'ss', '-Hlun'], { encoding: 'utf8' }).match(/127\.0\.0\.1:\d+/g) ?? [];

describe.skipIf(missing !== undefined)('the holder of UDP sockets', () => {
  test('answers for all that it holds at once, and is one process however busy it is', async () => {
    using room = Netns.create();
    const holding = new Holding({ namespace: room.namespace, program: holder });
    const ports = Array.from({ length: 30 }, (_, at) => 4500 + at);
    for (const port of ports) await holding.open({ local: local(port), remote, keepaliveSeconds: 0 });
    const found = await Promise.all([...ports, ...ports].map((port) => holding.has(local(port))));
    expect(found).toEqual(found.map(() => true));
    // All its doors are taken for a while.
    const idle = await Promise.all(Array.from({ length: 16 }, () => connected(pathOf(room))));
    await expect(holding.open({ local: local(4600), remote, keepaliveSeconds: 0 })).rejects.toThrow(/ECONNRESET|EPIPE/);
    for (const socket of idle) socket.destroy();
    await expect
      .poll(() => holding.open({ local: local(4601), remote, keepaliveSeconds: 0 }).then(() => 'open'))
      .toBe('open');
    for (const port of [...ports, 4601]) await holding.close(local(port));
    expect(sockets(room)).toEqual([]);
    expect(await holding.list()).toEqual([]);
  });
});

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

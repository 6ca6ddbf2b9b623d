/**
 * What both kinds of UDP sockets under datagram channels must do, over the loopback interface.
 */
import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import type { SocketMaker } from '../../src/carrier/datagram/sockets.ts';
import { realEnds } from '../support/datagram-ends.ts';
import { UdpPeer } from '../support/relay-udp.ts';
import { until } from '../support/relay-wait.ts';

const pattern = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + size) & 0xff));

export function datagramSocketSuite(name: string, maker: () => SocketMaker): void {
  describe(`datagram sockets: ${name}`, () => {
    test.each(['127.0.0.1', '::1'])('datagrams of every size arrive whole, both ways, over %s', async (host) => {
      // A port that is bound a moment later tells its number then: nodes's sockets need one that is known.
      const port = await freePort(host);
      using ends = realEnds(maker, { listen: { host, port } });
      const { dialer, acceptor } = ends;
      await Promise.all([dialer.direct(), acceptor.direct()]);
      const sizes = [0, 1, 64, 1_200, 1_500, 9_000, 65_507];
      for (const [from, to] of [
        [dialer, acceptor],
        [acceptor, dialer],
      ] as const) {
        for (const [flow, size] of sizes.entries()) {
          from.channel.send(flow, pattern(size));
          await until(`${size} bytes arrive`, () => to.received.length > flow || undefined);
        }
        expect(
          to.received.map(([flow, payload]) => [flow, payload.equals(pattern(payload.length)), payload.length]),
        ).toEqual(sizes.map((size, flow) => [flow, true, size]));
      }
    });

    test('a burst of one turn arrives, in order, in fewer packets than datagrams', async () => {
      const port = await freePort('127.0.0.1');
      using ends = realEnds(maker, { listen: { host: '127.0.0.1', port } });
      const { dialer, acceptor } = ends;
      await dialer.direct();
      const before = dialer.channel.stats.packetsOut;
      for (let at = 0; at < 1_000; at += 1) dialer.channel.send(at, pattern(64));
      await until('all arrive', () => acceptor.received.length === 1_000 || undefined);
      expect(acceptor.received.map(([flow]) => flow)).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
      expect(dialer.channel.stats.packetsOut - before).toBeLessThan(100);
    });

    test('packets of strangers are dropped without an answer, and the port stays', async () => {
      const port = await freePort('127.0.0.1');
      using ends = realEnds(maker, { listen: { host: '127.0.0.1', port } });
      const { dialer, acceptor } = ends;
      await dialer.direct();
      await using stranger = await UdpPeer.bind();
      const to = { host: '127.0.0.1', port };
      for (const noise of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(100, 1), Buffer.alloc(60_000, 0xff)]) {
        await stranger.send(noise, to);
      }
      await until('they were seen', () => acceptor.sockets.strangers === 4 || undefined);
      dialer.channel.send(1, pattern(10));
      await until('a datagram arrives', () => acceptor.received.length === 1 || undefined);
      expect(stranger.received).toEqual([]);
      expect(acceptor.channel.stats).toMatchObject({ forged: 0, moves: 0 });
    });

    test('a peer that is gone, with its port, ends nothing', async () => {
      const port = await freePort('127.0.0.1');
      const ends = realEnds(maker, { listen: { host: '127.0.0.1', port } });
      const { dialer, acceptor } = ends;
      await dialer.direct();
      acceptor[Symbol.dispose]();
      for (let at = 0; at < 20; at += 1) {
        dialer.channel.send(1, pattern(10));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(dialer.channel.state).toBe('direct');
      ends[Symbol.dispose]();
    });
  });
}

/** A port that nobody has at this moment. */
async function freePort(host: string): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

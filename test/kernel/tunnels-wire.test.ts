/**
 * What a tunnel's packets look like on the link, and what becomes of them on a bad one.
 *
 *   a ── va ───────── vb ── b
 *      10.9.0.1    10.9.0.2           outer
 *   100.65.0.2        100.65.0.3      overlay
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TunnelHalf } from '../../src/tunnel/half.ts';
import { ipsecHalves } from '../support/ipsec-halves.ts';
import { inside } from '../support/linked-rooms.ts';
import { connectFrom, serveIn } from '../support/netns-sockets.ts';
import { pings, TunnelHosts } from '../support/tunnel-hosts.ts';
import { kernelLacks } from '../support/vm/kernel.ts';
import { type Kind, kindOf, Wire } from '../support/wire.ts';
import { wireguardHalves } from '../support/wireguard-halves.ts';

const udp = { localPort: 4500, remotePort: 4500, keepaliveSeconds: 20 };
const tunnels: ReadonlyArray<{ name: string; kind: Kind; halves: () => readonly [TunnelHalf, TunnelHalf] }> = [
  { name: 'IPsec', kind: 'esp', halves: () => ipsecHalves() },
  { name: 'IPsec in UDP', kind: 'esp in udp', halves: () => ipsecHalves({ udp }) },
  { name: 'WireGuard', kind: 'wireguard', halves: () => wireguardHalves('kernel') },
];

/** Both ends, until it is disposed. */
async function installed(hosts: TunnelHosts, [one, two]: readonly [TunnelHalf, TunnelHalf]): Promise<AsyncDisposable> {
  const ends = [await hosts.tunnelsA.install(one), await hosts.tunnelsB.install(two)];
  return {
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end.remove();
    },
  };
}

describe.skipIf(kernelLacks('esp', 'wireguard', 'nf_tables', 'netem')).each(tunnels)(
  'a tunnel by $name',
  ({ kind, halves }) => {
    test('shows nothing but its own kind of packets, and nothing of what is in them', async () => {
      using hosts = new TunnelHosts();
      await using _tunnel = await installed(hosts, halves());
      await using fromA = await Wire.watch(hosts.a, 'va');
      await using fromB = await Wire.watch(hosts.b, 'vb');
      const secret = randomBytes(48).toString('hex');
      const there = { host: '100.65.0.3', port: 7000 };
      await using _service = await serveIn(hosts.b.namespace, there, (socket) => void socket.pipe(socket));
      await using client = await connectFrom(hosts.a.namespace, there);
      await client.send(secret);
      expect(await client.text(secret.length)).toBe(secret);
      expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      for (const wire of [fromA, fromB]) {
        const packets = await wire.packets();
        const others = packets.filter((packet) => ![kind, 'keepalive'].includes(kindOf(packet)));
        expect(others.map((packet) => packet.subarray(0, 48).toString('hex'))).toEqual([]);
        expect(packets.some((packet) => kindOf(packet) === kind)).toBe(true);
        expect(packets.some((packet) => packet.includes(secret))).toBe(false);
      }
    });

    test('carries every byte over a link with a delay and losses', async () => {
      using hosts = new TunnelHosts();
      await using _tunnel = await installed(hosts, halves());
      for (const [room, device] of [
        [hosts.a, 'va'],
        [hosts.b, 'vb'],
      ] as const) {
        inside(room, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'netem', 'delay', '25ms', 'loss', '1%');
      }
      const data = randomBytes(1 << 20);
      const there = { host: '100.65.0.3', port: 7000 };
      await using _service = await serveIn(hosts.b.namespace, there, (socket) => void socket.end(data));
      await using client = await connectFrom(hosts.a.namespace, there);
      expect((await client.readAll()).equals(data)).toBe(true);
    });
  },
);

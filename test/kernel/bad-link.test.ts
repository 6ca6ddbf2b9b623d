/**
 * What becomes of a tunnel's packets on a bad link. What they look like there is tested in `daemons.test.ts`.
 *
 *   a ── va ───────── vb ── b
 *      10.9.0.1    10.9.0.2           outer
 *   100.65.0.2        100.65.0.3      overlay
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TunnelHalf } from '../../src/tunnel/half.ts';
import { ipsecHalves } from '../support/ipsec-halves.ts';
import { connectFrom, serveIn } from '../support/netns-sockets.ts';
import { inside, TunnelHosts } from '../support/tunnel-hosts.ts';
import { kernelLacks } from '../support/vm/kernel.ts';
import { wireguardHalves } from '../support/wireguard-halves.ts';

const udp = { localPort: 4500, remotePort: 4500, keepaliveSeconds: 20 };
const tunnels: ReadonlyArray<{ name: string; halves: () => readonly [TunnelHalf, TunnelHalf] }> = [
  { name: 'IPsec', halves: () => ipsecHalves() },
  { name: 'IPsec in UDP', halves: () => ipsecHalves({ udp }) },
  { name: 'WireGuard', halves: () => wireguardHalves('kernel') },
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
  ({ halves }) => {
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

/**
 * WireGuard tunnels between two hosts, by the kernel: what every tunnel does, and what this one counts.
 *
 * Needs in the kernel: wireguard, nf_tables; the program wg. Says what is missing and is skipped then.
 */
import { expect, test } from 'vitest';
import { pings, TunnelHosts } from '../support/tunnel-hosts.ts';
import { lackingWireguard, wireguardHalves } from '../support/wireguard-halves.ts';
import { wireguardSuite } from '../support/wireguard-suite.ts';

const lacking = await lackingWireguard('kernel');

wireguardSuite('kernel', lacking !== '');

test.skipIf(lacking !== '')(
  'a packet that was sealed from another address than that of its tunnel is dropped and counted',
  async () => {
    using hosts = new TunnelHosts();
    const [half, other] = wireguardHalves('kernel');
    const one = await hosts.tunnelsA.install(half);
    const two = await hosts.tunnelsB.install(other);
    try {
      expect(pings(hosts.a, '100.65.0.3')).toBe(true);
      expect((await two.stats()).dropped).toBe(0);
      hosts.a.ip('address', 'add', '10.66.0.1/32', 'dev', half.name);
      expect(pings(hosts.a, '100.65.0.3', '-I', '10.66.0.1')).toBe(false);
      expect((await two.stats()).dropped).toBe(2);
    } finally {
      await one.remove();
      await two.remove();
    }
  },
);

/**
 * WireGuard tunnels between two hosts, by wireguard-go, on the kernel of this machine: what every tunnel does, and what this one needs besides,
 * because a program can end.
 *
 * Needs nf_tables and /dev/net/tun in the kernel, the programs wireguard-go and wg; says what is missing and is skipped then.
 */
import { expect, test } from 'vitest';
import { eventually, inside, pings, TunnelHosts } from '../support/tunnel-hosts.ts';
import { goProcess, lackingWireguard, wireguardHalves } from '../support/wireguard-halves.ts';
import { wireguardSuite } from '../support/wireguard-suite.ts';

const lacking = await lackingWireguard('go');

wireguardSuite('go', lacking !== '');

test.skipIf(lacking !== '')('a wireguard-go that ends is started again with all that it was told', async () => {
  using hosts = new TunnelHosts();
  const made = wireguardHalves('go');
  const [one, two] = [await hosts.tunnelsA.install(made[0]), await hosts.tunnelsB.install(made[1])];
  try {
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    process.kill(goProcess(made[0].name) ?? Number.NaN, 'SIGKILL');
    await eventually('the tunnel is whole again', async () => (await one.missing()).length === 0);
    await eventually('it carries packets', () => pings(hosts.a, '100.65.0.3'));
    expect(one.ended.aborted).toBe(false);
  } finally {
    await one.remove();
    await two.remove();
  }
});

test.skipIf(lacking !== '')('what others take of a tunnel is added again: firewall, route, address', async () => {
  using hosts = new TunnelHosts();
  const [half] = wireguardHalves('go');
  const one = await hosts.tunnelsA.install(half);
  try {
    const takers = [
      () => inside(hosts.a, 'nft', 'flush', 'ruleset'),
      () => hosts.a.ip('route', 'delete', '100.65.0.3'),
      () => hosts.a.ip('address', 'delete', '100.65.0.2/32', 'dev', half.name),
      () => hosts.a.ip('link', 'set', half.name, 'down') + hosts.a.ip('link', 'set', half.name, 'up'),
    ];
    for (const take of takers) {
      take();
      await eventually('the tunnel is whole again', async () => (await one.missing()).length === 0);
    }
  } finally {
    await one.remove();
  }
});

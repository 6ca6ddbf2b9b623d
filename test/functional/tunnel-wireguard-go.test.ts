/**
 * WireGuard tunnels between two hosts, by wireguard-go, on the kernel of this machine: what every tunnel does, and what this one needs besides,
 * because a program can end.
 *
 * Needs nf_tables and /dev/net/tun in the kernel, the programs wireguard-go and wg; says what is missing and is skipped then.
 */
import { expect, test } from 'vitest';
import { openDescriptors } from '../support/descriptors.ts';
import type { Netns } from '../support/netns.ts';
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

test.skipIf(lacking !== '')('an interface that was to be ours and has no mark yet is swept away', async () => {
  using hosts = new TunnelHosts();
  const [half] = wireguardHalves('go');
  hosts.a.ip('tuntap', 'add', half.name, 'mode', 'tun');
  await hosts.tunnelsA.sweep(half);
  expect(hosts.a.ip('link')).not.toContain(half.name);
  // One of another kind is none of ours, whatever it is called.
  hosts.a.ip('link', 'add', half.name, 'type', 'veth');
  await hosts.tunnelsA.sweep(half);
  expect(hosts.a.ip('link')).toContain(half.name);
});

/** What the kernel has, not what we think of it. */
const isWhole = (room: Netns): boolean =>
  room.ip('address').includes('100.65.0.2/32') &&
  room.ip('route').includes('100.65.0.3') &&
  inside(room, 'nft', 'list', 'ruleset').includes('100.65.0.2 . 100.65.0.3');

test.skipIf(lacking !== '')('what others take of a tunnel is added again: firewall, route, address', async () => {
  using hosts = new TunnelHosts();
  const [half] = wireguardHalves('go');
  const one = await hosts.tunnelsA.install(half);
  try {
    inside(hosts.a, 'nft', 'flush', 'ruleset');
    hosts.a.ip('address', 'delete', '100.65.0.2/32', 'dev', half.name);
    // Takes the routes with it, without a word.
    hosts.a.ip('link', 'set', half.name, 'down');
    hosts.a.ip('link', 'set', half.name, 'up');
    expect(isWhole(hosts.a)).toBe(false);
    await eventually('the tunnel is whole again', () => isWhole(hosts.a));
    await eventually('nothing is missing', async () => (await one.missing()).length === 0);
  } finally {
    await one.remove();
  }
});

test.skipIf(lacking !== '')(
  'so it is in the container that a tunnel ends in, and nobody listens there afterwards',
  async () => {
    using hosts = new TunnelHosts();
    const room = hosts.container();
    const [half] = wireguardHalves('go');
    const attached = { ...half, netns: room.namespace };
    // What asks the host's kernel stays open.
    await (await hosts.tunnelsA.install(attached)).remove();
    const before = openDescriptors();
    const one = await hosts.tunnelsA.install(attached);
    try {
      inside(room, 'nft', 'flush', 'ruleset');
      room.ip('route', 'delete', '100.65.0.3');
      room.ip('address', 'delete', '100.65.0.2/32', 'dev', half.name);
      expect(isWhole(room)).toBe(false);
      await eventually('the tunnel is whole again', () => isWhole(room));
    } finally {
      await one.remove();
    }
    expect(openDescriptors()).toBe(before);
  },
);

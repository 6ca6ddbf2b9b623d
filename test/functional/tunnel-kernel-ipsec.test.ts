/**
 * IPsec tunnels between two hosts, on a kernel that has ESP: what we write is read by `ip xfrm`, and one end is made by hand with `ip xfrm`
 * against our other end.
 *
 *   a ── va ───────── vb ── b
 *      10.9.0.1    10.9.0.2           outer
 *   100.65.0.2 (lo)   100.65.0.3 (lo) overlay
 *
 * Needs in the kernel: esp4, xfrm_user, gcm, nf_tables; says so and is skipped elsewhere.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { InstalledIpsec, IpsecHalf, Sa } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from '../support/netns.ts';
import { pings, TunnelHosts, traces } from '../support/tunnel-hosts.ts';

let unprotected = false;
const missing = await missingPart();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const v6 = TunnelHosts.hasIpv6();
if (!v6) console.log('skipped: what needs IPv6, which this kernel has not loaded');

async function missingPart(): Promise<string | undefined> {
  const root = Netns.missing();
  if (root !== undefined) return root;
  using room = Netns.create();
  using tunnels = new KernelTunnels({ namespace: room.namespace });
  const { ipsec, protection } = await tunnels.abilities();
  // User-mode Linux has no firewall of IPv4.
  unprotected = !protection.works;
  if (unprotected) console.log('skipped: what needs nf_tables');
  return ipsec.works ? undefined : `the kernel has not got ${ipsec.missing}`;
}

const newSa = (): Sa => ({ spi: randomInt(256, 2 ** 32 - 1), key: randomBytes(36) });

/** Both halves of one tunnel. */
function halves(change: Partial<IpsecHalf> = {}, outer6 = false): [IpsecHalf, IpsecHalf] {
  const [one, two] = outer6 ? ['fd09::1', 'fd09::2'] : ['10.9.0.1', '10.9.0.2'];
  const [ab, ba] = [newSa(), newSa()];
  const overlay = { local: '100.65.0.2', remote: '100.65.0.3' };
  const back = { local: overlay.remote, remote: overlay.local };
  return [
    { kind: 'ipsec', outer: { local: one, remote: two }, overlay, out: ab, in: ba, ...change },
    { kind: 'ipsec', outer: { local: two, remote: one }, overlay: back, out: ba, in: ab, ...change },
  ];
}

async function both(hosts: TunnelHosts, made = halves()): Promise<[InstalledIpsec, InstalledIpsec]> {
  return [await hosts.tunnelsA.install(made[0]), await hosts.tunnelsB.install(made[1])];
}

describe.skipIf(missing !== undefined)('an IPsec tunnel', () => {
  test('carries packets between its two addresses, and is in the kernel what `ip xfrm` would have made', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one, two] = await both(hosts);
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    const state = hosts.a.ip('xfrm', 'state');
    expect(state.match(/^src /gm)).toHaveLength(2);
    expect(state).toMatch(/mode tunnel/);
    expect(state).toMatch(/aead rfc4106\(gcm\(aes\)\) 0x[0-9a-f]{72} 128/);
    expect(state).toMatch(/flag esn/);
    expect(state).toMatch(/replay_window 1024/);
    expect(state).toMatch(/sel src 100.65.0.2\/32 dst 100.65.0.3\/32/);
    const policies = hosts.a.ip('xfrm', 'policy');
    expect(policies.match(/dir (in|out|fwd)/g)?.sort()).toEqual(['dir fwd', 'dir in', 'dir out']);
    expect(hosts.a.ip('route', 'show', '100.65.0.3')).toContain('dev va proto 119 scope link src 100.65.0.2');
    const { bytesIn, packetsIn, packetsOut, dropped } = await one.stats();
    expect([packetsIn, packetsOut, dropped]).toEqual([2, 2, 0]);
    expect(bytesIn).toBeGreaterThan(100);
    expect((await two.stats()).packetsIn).toBe(2);
  });

  test('leaves nothing when it is removed', async () => {
    using hosts = new TunnelHosts(unprotected);
    const before = [traces(hosts.a), traces(hosts.b)];
    const [one, two] = await both(hosts);
    await one.remove();
    await two.remove();
    await two.remove();
    expect([traces(hosts.a), traces(hosts.b)]).toEqual(before);
  });

  test.skipIf(!v6)('carries IPv4 over IPv6', async () => {
    using hosts = new TunnelHosts(unprotected);
    await both(hosts, halves({}, true));
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    expect(hosts.b.ip('xfrm', 'state')).toContain('src fd09::1 dst fd09::2');
  });
});

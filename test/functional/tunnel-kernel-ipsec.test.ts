/**
 * IPsec tunnels between two hosts, on a kernel that has ESP: what we write is read by `ip xfrm`, and one end is made by hand with it
 * against our other end.
 *
 * Needs in the kernel: esp4, xfrm_user, gcm; for parts of it nf_tables, xfrm_interface, esp6. What is missing is said and skipped.
 */
import { describe, expect, test } from 'vitest';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { bothEnds, ipsecGrounds, ipsecHalves, newSa } from '../support/ipsec-halves.ts';
import { eventually, holder, inside, pings, TunnelHosts, traces } from '../support/tunnel-hosts.ts';

const { missing, unprotected, attachable } = await ipsecGrounds();
const v6 = TunnelHosts.hasIpv6();
if (!v6) console.log('skipped: what needs IPv6, which this kernel has not loaded');

describe.skipIf(missing !== undefined)('an IPsec tunnel', () => {
  test('carries packets between its two addresses, and is in the kernel what `ip xfrm` would have made', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one, two] = await bothEnds(hosts);
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
    expect(await one.missing()).toEqual([]);
  });

  test('leaves nothing when it is removed', async () => {
    using hosts = new TunnelHosts(unprotected);
    const before = [traces(hosts.a), traces(hosts.b)];
    const [one, two] = await bothEnds(hosts);
    await one.remove();
    await two.remove();
    await two.remove();
    expect([traces(hosts.a), traces(hosts.b)]).toEqual(before);
  });

  test.skipIf(!v6)('carries IPv4 over IPv6', async () => {
    using hosts = new TunnelHosts(unprotected);
    await bothEnds(hosts, ipsecHalves({}, true));
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    expect(hosts.b.ip('xfrm', 'state')).toContain('src fd09::1 dst fd09::2');
  });

  test('works with an end that was made with `ip xfrm`', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [half] = ipsecHalves();
    await hosts.tunnelsA.install(half);
    const state = (sa: typeof half.in, src: string, dst: string): string =>
      hosts.b.ip(
        ...`xfrm state add src ${src} dst ${dst} proto esp spi ${sa.spi} reqid 7 mode tunnel flag esn replay-window 128`.split(
          ' ',
        ),
        'aead',
        'rfc4106(gcm(aes))',
        `0x${sa.key.toString('hex')}`,
        '128',
      );
    state(half.out, '10.9.0.1', '10.9.0.2');
    state(half.in, '10.9.0.2', '10.9.0.1');
    const policy = (dir: string, from: string, to: string, src: string, dst: string): string =>
      hosts.b.ip(
        ...`xfrm policy add src ${from} dst ${to} dir ${dir} tmpl src ${src} dst ${dst} proto esp reqid 7 mode tunnel`.split(
          ' ',
        ),
      );
    policy('in', '100.65.0.2/32', '100.65.0.3/32', '10.9.0.1', '10.9.0.2');
    policy('out', '100.65.0.3/32', '100.65.0.2/32', '10.9.0.2', '10.9.0.1');
    hosts.b.ip('address', 'add', '100.65.0.3/32', 'dev', 'lo');
    hosts.b.ip('route', 'add', '100.65.0.2/32', 'dev', 'vb', 'src', '100.65.0.3');
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
  });

  test('refuses an address, SPI or policy that is taken, and leaves nothing of what it had begun', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [half] = ipsecHalves();
    const before = traces(hosts.a);
    hosts.a.ip('address', 'add', '100.65.0.2/32', 'dev', 'va');
    await expect(hosts.tunnelsA.install(half)).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL_CONFLICT' });
    hosts.a.ip('address', 'delete', '100.65.0.2/32', 'dev', 'va');
    expect(traces(hosts.a)).toBe(before);
    const policy = ['src', '100.65.0.2/32', 'dst', '100.65.0.3/32', 'dir', 'out'];
    hosts.a.ip('xfrm', 'policy', 'add', ...policy);
    await expect(hosts.tunnelsA.install(half)).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL_CONFLICT',
      message: expect.stringContaining('policy out'),
    });
    expect(hosts.a.ip('xfrm', 'policy')).toContain('dir out');
    hosts.a.ip('xfrm', 'policy', 'delete', ...policy);
    expect(traces(hosts.a)).toBe(before);
    const away = { ...half, outer: { local: '10.9.0.7', remote: '10.9.0.2' } };
    await expect(hosts.tunnelsA.install(away)).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL' });
    expect(traces(hosts.a)).toBe(before);
  });

  test('stops between two steps when it is aborted, and leaves nothing', async () => {
    using hosts = new TunnelHosts(unprotected);
    await hosts.tunnelsA.abilities();
    const [half] = ipsecHalves();
    const before = traces(hosts.a);
    const abort = new AbortController();
    const installing = hosts.tunnelsA.install(half, abort.signal);
    abort.abort();
    await expect(installing).rejects.toMatchObject({ name: 'AbortError' });
    expect(traces(hosts.a)).toBe(before);
  });

  test('is taken up by a later process with its keys, which are nowhere written down', async () => {
    using hosts = new TunnelHosts(unprotected);
    const before = traces(hosts.a);
    const [half, other] = ipsecHalves();
    const [first] = await bothEnds(hosts, [half, other]);
    first.release();
    expect(first.shape).not.toHaveProperty('in');
    using later = new KernelTunnels({ namespace: hosts.a.namespace, unprotected, holder });
    const adopted = await later.adopt(first.shape);
    if ('partial' in adopted) throw new Error(`not whole: ${adopted.missing.join()}`);
    expect(await adopted.spis()).toEqual({ out: half.out.spi, in: [half.in.spi] });
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    await adopted.remove();
    expect(traces(hosts.a)).toBe(before);
    expect(await later.adopt(first.shape)).toMatchObject({ partial: [] });
  });

  test('is named by what is missing when somebody took a part, and swept away', async () => {
    using hosts = new TunnelHosts(unprotected);
    const before = traces(hosts.a);
    const [half] = ipsecHalves();
    const one = await hosts.tunnelsA.install(half);
    one.release();
    hosts.a.ip('xfrm', 'state', 'flush');
    expect(await one.missing()).toEqual(['inbound security association', 'outbound security association']);
    expect(await hosts.tunnelsA.adopt(one.shape)).toMatchObject({ missing: await one.missing() });
    await hosts.tunnelsA.sweep(one.shape);
    expect(traces(hosts.a)).toBe(before);
  });

  test('has ended when the address that it leaves from is not one of this host any more', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [half] = ipsecHalves();
    const one = await hosts.tunnelsA.install(half);
    hosts.a.ip('address', 'add', '10.9.0.7/24', 'dev', 'va');
    hosts.a.ip('address', 'delete', '10.9.0.1/24', 'dev', 'va');
    await eventually('it has ended', () => one.ended.aborted);
    expect(String(one.ended.reason)).toContain('10.9.0.1');
    await one.remove();
  });

  test('is found and removed when nobody knows it', async () => {
    using hosts = new TunnelHosts(unprotected);
    const range = { address: '100.64.0.0', prefix: 14 };
    const before = traces(hosts.a);
    const [half] = ipsecHalves();
    // Nobody looks after it any more.
    (await hosts.tunnelsA.install(half)).release();
    hosts.a.ip('route', 'delete', '100.65.0.3');
    const [remain, ...others] = await hosts.tunnelsA.remains(range);
    expect([others, remain?.overlay]).toEqual([[], half.overlay]);
    expect(remain?.parts).toContain('policy fwd');
    await remain?.remove();
    expect(traces(hosts.a)).toBe(before);
    expect(await hosts.tunnelsA.remains(range)).toEqual([]);
  });

  test.skipIf(!attachable)('ends inside a container by an xfrm interface', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [inA, inB] = [hosts.container(), hosts.container()];
    const before = [hosts.a, hosts.b, inA, inB].map(traces);
    const [half, other] = ipsecHalves();
    const one = await hosts.tunnelsA.install({ ...half, netns: inA.namespace });
    const two = await hosts.tunnelsB.install({ ...other, netns: inB.namespace });
    expect(pings(inA, '100.65.0.3')).toBe(true);
    expect(inA.ip('address')).toContain('100.65.0.2/32');
    expect(inside(hosts.a, 'ip', 'address')).not.toContain('100.65.0.2');
    expect((await one.stats()).packetsIn).toBe(2);
    await one.remove();
    await two.remove();
    expect([hosts.a, hosts.b, inA, inB].map(traces)).toEqual(before);
  });

  test('of an SA that comes twice is not installed twice', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [half] = ipsecHalves();
    const one = await hosts.tunnelsA.install(half);
    await expect(one.addInbound({ ...newSa(), spi: half.in.spi })).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL_CONFLICT',
    });
  });
});

/**
 * IPsec in UDP: the socket outlives the daemon in a process of its own, NAT mappings are kept alive, and the ports of a NAT are followed.
 *
 * Needs in the kernel: esp4, xfrm_user, gcm. What is missing is said and skipped.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { bothEnds, ipsecGrounds, ipsecHalves } from '../support/ipsec-halves.ts';
import type { Netns } from '../support/netns.ts';
import { eventually, holder, inside, pings, TunnelHosts, traces } from '../support/tunnel-hosts.ts';

const { missing, unprotected } = await ipsecGrounds();
const udp = { localPort: 4500, remotePort: 4500, keepaliveSeconds: 1 };
const pathOf = (room: Netns): string => `/run/wormhole-udp-${room.inode}.sock`;

describe.skipIf(missing !== undefined)('an IPsec tunnel in UDP', () => {
  test('carries packets as UDP, from a socket that is held by another process', async () => {
    using hosts = new TunnelHosts(unprotected);
    const before = traces(hosts.a);
    const [one, two] = await bothEnds(hosts, ipsecHalves({ udp }));
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    expect(hosts.a.ip('xfrm', 'state')).toContain('encap type espinudp sport 4500 dport 4500');
    expect(inside(hosts.a, 'ss', '-Hlun')).toContain('10.9.0.1:4500');
    expect(await one.missing()).toEqual([]);
    await one.remove();
    await two.remove();
    expect(traces(hosts.a)).toBe(before);
    await eventually('the holders have ended', () => ![hosts.a, hosts.b].some((room) => existsSync(pathOf(room))));
  });

  test.skipIf(!TunnelHosts.hasIpv6())('carries packets also over IPv6', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one, two] = await bothEnds(hosts, ipsecHalves({ udp }, true));
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    expect(inside(hosts.a, 'ss', '-Hlun')).toContain('[fd09::1]:4500');
    await one.remove();
    await two.remove();
  });

  test('goes on when the daemon is gone, and is taken up by the next one', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one, two] = await bothEnds(hosts, ipsecHalves({ udp }));
    one.release();
    hosts.tunnelsA[Symbol.dispose]();
    expect(pings(hosts.a, '100.65.0.3')).toBe(true);
    using later = new KernelTunnels({ namespace: hosts.a.namespace, unprotected, holder });
    const adopted = await later.adopt(one.shape);
    if ('partial' in adopted) throw new Error(`not whole: ${adopted.missing.join()}`);
    await adopted.remove();
    await two.remove();
    expect(inside(hosts.a, 'ss', '-Hlun')).toBe('');
  });

  test('has its keys nowhere in the process that holds its socket', async () => {
    using hosts = new TunnelHosts(unprotected);
    const made = ipsecHalves({ udp });
    const [one, two] = await bothEnds(hosts, made);
    const pid = holderOf(hosts.a);
    expect(pid).toBeGreaterThan(0);
    for (const key of [made[0].in.key, made[0].out.key]) {
      const about = `${read(`/proc/${pid}/cmdline`)}${read(`/proc/${pid}/environ`)}`;
      expect(about).not.toContain(key.toString('hex'));
      expect(about).not.toContain(key.toString('base64'));
    }
    expect(read(`/proc/${pid}/environ`)).toBe('');
    await one.remove();
    await two.remove();
  });

  test('says that the port is taken, and leaves nothing', async () => {
    using hosts = new TunnelHosts(unprotected);
    // Nothing is sent by itself, which its traces would count.
    const quiet = { udp: { ...udp, keepaliveSeconds: 0 } };
    const [one] = ipsecHalves(quiet);
    const first = await hosts.tunnelsA.install(one);
    const before = traces(hosts.a);
    const other = { ...ipsecHalves(quiet)[0], overlay: { local: '100.65.0.4', remote: '100.65.0.5' } };
    await expect(hosts.tunnelsA.install(other)).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL_CONFLICT',
      message: expect.stringContaining('UDP port 4500'),
    });
    expect(traces(hosts.a)).toBe(before);
    await first.remove();
  });

  test('has its socket again when somebody ended the process that held it', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one, two] = await bothEnds(hosts, ipsecHalves({ udp }));
    process.kill(holderOf(hosts.a), 'SIGKILL');
    await eventually('the socket is gone', () => inside(hosts.a, 'ss', '-Hlun') === '');
    hosts.a.ip('link', 'set', 'va', 'down');
    hosts.a.ip('link', 'set', 'va', 'up');
    await eventually('the tunnel is whole again', async () => (await one.missing()).length === 0);
    await eventually('it carries packets', () => pings(hosts.a, '100.65.0.3'));
    await one.remove();
    await two.remove();
  });

  test('is found by the port that a NAT has chosen for it, before any program there has said a word', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [half, other] = ipsecHalves();
    // As if a NAT made 4500 of what its host believes to be 4501.
    const open = { ...udp, remotePort: 4501, keepaliveSeconds: 0 };
    const one = await hosts.tunnelsA.install({ ...half, udp: open });
    const two = await hosts.tunnelsB.install({ ...other, udp });
    await eventually('it answers', () => pings(hosts.a, '100.65.0.3'));
    expect(hosts.a.ip('xfrm', 'state')).toMatch(/src 10.9.0.1 dst 10.9.0.2[^]+?sport 4500 dport 4500/);
    await one.remove();
    await two.remove();
  });

  test('keeps the mapping of a NAT alive', async () => {
    using hosts = new TunnelHosts(unprotected);
    const [one] = ipsecHalves({ udp });
    const first = await hosts.tunnelsA.install(one);
    const sent = (): number =>
      Number(/UdpOutDatagrams +(\d+)/.exec(inside(hosts.a, 'nstat', '-asz', 'UdpOutDatagrams'))?.[1]);
    const before = sent();
    await eventually('two keepalives were sent', () => sent() >= before + 2);
    await first.remove();
  });
});

/** The process that holds the sockets of a host. */
function holderOf(room: Netns): number {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
  return Number(pids.find((pid) => read(`/proc/${pid}/cmdline`).includes(pathOf(room))));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

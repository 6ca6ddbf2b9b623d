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
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { InstalledIpsec, IpsecHalf, Sa } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { Netns } from '../support/netns.ts';

let unprotected = false;
const missing = await missingPart();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** UML's kernel has it as a module that nothing loads. */
const v6 = existsSync('/proc/net/if_inet6');
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

class World implements Disposable {
  readonly a = Netns.create();
  readonly b = Netns.create();
  readonly tunnelsA = new KernelTunnels({ namespace: this.a.namespace, unprotected });
  readonly tunnelsB = new KernelTunnels({ namespace: this.b.namespace, unprotected });

  constructor() {
    this.a.ip('link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb', 'netns', this.b.name);
    for (const [room, name, last] of [
      [this.a, 'va', 1],
      [this.b, 'vb', 2],
    ] as const) {
      room.ip('address', 'add', `10.9.0.${last}/24`, 'dev', name);
      if (v6) room.ip('address', 'add', `fd09::${last}/64`, 'dev', name, 'nodad');
      room.ip('link', 'set', name, 'up');
    }
  }

  /** Both halves of one tunnel. */
  halves(change: Partial<IpsecHalf> = {}, outer6 = false): [IpsecHalf, IpsecHalf] {
    const [one, two] = outer6 ? ['fd09::1', 'fd09::2'] : ['10.9.0.1', '10.9.0.2'];
    const [ab, ba] = [newSa(), newSa()];
    return [
      {
        kind: 'ipsec',
        outer: { local: one, remote: two },
        overlay: { local: '100.65.0.2', remote: '100.65.0.3' },
        out: ab,
        in: ba,
        ...change,
      },
      {
        kind: 'ipsec',
        outer: { local: two, remote: one },
        overlay: { local: '100.65.0.3', remote: '100.65.0.2' },
        out: ba,
        in: ab,
        ...change,
      },
    ];
  }

  async both(halves = this.halves()): Promise<[InstalledIpsec, InstalledIpsec]> {
    return [await this.tunnelsA.install(halves[0]), await this.tunnelsB.install(halves[1])];
  }

  [Symbol.dispose](): void {
    this.tunnelsA[Symbol.dispose]();
    this.tunnelsB[Symbol.dispose]();
    this.a[Symbol.dispose]();
    this.b[Symbol.dispose]();
  }
}

const inside = (room: Netns, program: string, ...words: string[]): string =>
  execFileSync('nsenter', [`--net=${room.path}`, program, ...words], { encoding: 'utf8' });

function pings(room: Netns, address: string, ...words: string[]): boolean {
  try {
    inside(room, 'ping', '-c2', '-i0.2', '-W2', ...words, address);
    return true;
  } catch {
    return false;
  }
}

/** Everything that a tunnel leaves in a namespace. */
const traces = (room: Netns): string =>
  [
    room.ip('xfrm', 'state'),
    room.ip('xfrm', 'policy'),
    room.ip('-4', 'address', 'show', 'dev', 'lo'),
    room.ip('route'),
    inside(room, 'nft', 'list', 'tables'),
  ].join('');

describe.skipIf(missing !== undefined)('an IPsec tunnel', () => {
  test('carries packets between its two addresses, and is in the kernel what `ip xfrm` would have made', async () => {
    using world = new World();
    const [one, two] = await world.both();
    expect(pings(world.a, '100.65.0.3')).toBe(true);
    const state = world.a.ip('xfrm', 'state');
    expect(state.match(/^src /gm)).toHaveLength(2);
    expect(state).toMatch(/mode tunnel/);
    expect(state).toMatch(/aead rfc4106\(gcm\(aes\)\) 0x[0-9a-f]{72} 128/);
    expect(state).toMatch(/flag esn/);
    expect(state).toMatch(/replay_window 1024/);
    expect(state).toMatch(/sel src 100.65.0.2\/32 dst 100.65.0.3\/32/);
    const policies = world.a.ip('xfrm', 'policy');
    expect(policies.match(/dir (in|out|fwd)/g)?.sort()).toEqual(['dir fwd', 'dir in', 'dir out']);
    expect(world.a.ip('route', 'show', '100.65.0.3')).toContain('dev va proto 119 scope link src 100.65.0.2');
    const { bytesIn, packetsIn, packetsOut, dropped } = await one.stats();
    expect([packetsIn, packetsOut, dropped]).toEqual([2, 2, 0]);
    expect(bytesIn).toBeGreaterThan(100);
    expect((await two.stats()).packetsIn).toBe(2);
  });

  test('leaves nothing when it is removed', async () => {
    using world = new World();
    const before = [traces(world.a), traces(world.b)];
    const [one, two] = await world.both();
    await one.remove();
    await two.remove();
    await two.remove();
    expect([traces(world.a), traces(world.b)]).toEqual(before);
  });

  test.skipIf(!v6)('carries IPv4 over IPv6', async () => {
    using world = new World();
    await world.both(world.halves({}, true));
    expect(pings(world.a, '100.65.0.3')).toBe(true);
    expect(world.b.ip('xfrm', 'state')).toContain('src fd09::1 dst fd09::2');
  });
});

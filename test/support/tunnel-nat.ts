/** Tunnels of a host that is behind a NAT, by each kind that passes one; for the daemons of a file of tests. */
import { describe, expect, test } from 'vitest';
import type { Tunnel } from '../../src/spec/api.ts';
import type { Host } from './host.ts';
import { patiently } from './patience.ts';
import { makeTunnel, pings, removeTunnel, type World } from './tunnel-daemons.ts';
import type { TunnelType } from './tunnel-types.ts';

/** @param all `c` is behind the NAT */
export function natSuite(all: () => World<'a' | 'c'>, types: readonly TunnelType[]): void {
  describe.each(types.filter(({ name }) => name !== 'ipsec'))('a tunnel by $name', ({ request, shown }) => {
    test('passes NAT, whoever asks for it, and follows when that chooses another port', async () => {
      const world = all();
      const { a, c } = world;
      // As most are: of IPv4.
      c.knows('a', a.site.v4);
      await c.join('a');
      const back = await makeTunnel(a, { peer: 'c', ...request });
      // Also before anybody behind it has said a word: it tells by itself where it is, a moment later.
      await expect.poll(() => pings(a, back.remote, 2), patiently).toBe(true);
      expect(await pings(c, back.local)).toBe(true);
      await removeTunnel(a, 'c');
      const { local, remote } = await makeTunnel(c, { peer: 'a', ...request });
      expect([back.remote, back.local]).toEqual([local, remote]);
      expect([await pings(c, remote), await pings(a, local)]).toEqual([true, true]);
      if (shown.type === 'wireguard') expect([await keepalive(c), await keepalive(a)]).toEqual(['25', 'off']);
      await world.rebind('a', '20000-20999');
      // Whoever is behind it speaks first, if only to keep its mapping.
      await expect.poll(() => pings(c, remote, 2), patiently).toBe(true);
      expect(await pings(a, local)).toBe(true);
      const show = shown.type === 'ipsec' ? ['ip', 'xfrm', 'state'] : ['wg', 'show', 'all', 'endpoints'];
      expect((await a.run(show)).stdout).toMatch(/(dport |:)20\d\d\d\b/);
      await removeTunnel(c, 'a');
    });
  });
}

/** Seconds, of the only peer of its interface. */
async function keepalive(host: Host): Promise<string | undefined> {
  const script = 'wg show "$(ip -brief link | grep -o "^wh[0-9a-f]*")" persistent-keepalive';
  const { stdout } = await host.run(['sh', '-c', script]);
  return stdout.trim().split('\t')[1];
}

/** @param all `c` and `d` are behind the same NAT */
export function oneNatSuite(all: () => World<'a' | 'c' | 'd'>, types: readonly TunnelType[]): void {
  describe.each(types.filter(({ name }) => name !== 'ipsec'))('a tunnel by $name', ({ request }) => {
    test('W19 is for one host alone, also when two of them are behind one NAT', async () => {
      const { a, c, d } = all();
      const made: Tunnel[] = [];
      for (const host of [c, d]) {
        host.knows('a', a.site.v4);
        await host.join('a');
        made.push(await makeTunnel(host, { peer: 'a', ...request }));
      }
      const [ofC, ofD] = made as [Tunnel, Tunnel];
      expect(new Set(made.flatMap(({ local, remote }) => [local, remote])).size).toBe(4);
      // Whoever is behind it speaks first.
      expect([await pings(c, ofC.remote), await pings(d, ofD.remote)]).toEqual([true, true]);
      for (const { local } of made) await expect.poll(() => pings(a, local, 2), patiently).toBe(true);
      await removeTunnel(c, 'a');
      expect(await pings(d, ofD.remote)).toBe(true);
      await removeTunnel(d, 'a');
    });
  });
}

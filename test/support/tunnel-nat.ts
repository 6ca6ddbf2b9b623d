/** Tunnels of a host that is behind a NAT, by each kind that passes one; for the daemons of a file of tests. */
import { describe, expect, test } from 'vitest';
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
      expect([await pings(c, back.local), await pings(a, back.remote)]).toEqual([true, true]);
      await removeTunnel(a, 'c');
      const { local, remote } = await makeTunnel(c, { peer: 'a', ...request });
      expect([back.remote, back.local]).toEqual([local, remote]);
      expect([await pings(c, remote), await pings(a, local)]).toEqual([true, true]);
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

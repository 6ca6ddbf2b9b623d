/**
 * What is left of a tunnel when the daemon at one end is killed while it is made: after each change that it makes to its kernel.
 *
 *     a ── router ── b
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { buildKiller, killAt } from '../support/kill-at.ts';
import { patiently } from '../support/patience.ts';
import { makeTunnel, pings, removeTunnel, statesOf, tracesOf, tunnelDaemons } from '../support/tunnel-daemons.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

/** The kernel's changes that install a half, in order, as far as it tells of them: of the keys and peers of WireGuard it does not. */
const kinds = [
  {
    type: 'ipsec',
    steps: ['firewall', 'association', 'association', 'policy', 'policy', 'policy', 'address', 'route'],
  },
  { type: 'wireguard', steps: ['firewall', 'interface', 'up', 'count', 'address', 'route'] },
] as const;

const lacking = kernelLacks('esp', 'wireguard', 'nf_tables');
const all = tunnelDaemons({ a: {}, b: {} });

describe.skipIf(lacking).each(kinds)('W6 a tunnel by $type', ({ type, steps }) => {
  /** Whose daemon is killed after how many of them. */
  const kills = steps.flatMap((_, n) => [{ which: 'a', n: n + 1 } as const, { which: 'b', n: n + 1 } as const]);
  let killer: string;
  beforeAll(async () => {
    killer = await buildKiller();
  });

  test.each(kills)(
    'leaves nothing that is not named, when the daemon of $which is killed at step $n of making it',
    async ({ which, n }) => {
      const { a, b, [which]: host } = all();
      const { changes } = await killAt(killer, host, n);
      const making = makeTunnel(a, { peer: 'b', type }).catch(() => undefined);
      expect(await changes).toEqual(steps.slice(0, n));
      await host.up();
      await making;
      // A daemon that was killed is found out by whoever speaks with its host again; nobody has to here.
      await a.daemon.ask('/v1/ping', { method: 'POST', json: { payload: '', host: 'b' } });
      // Both have it, or each that has something says that it is not whole.
      await expect
        .poll(async () => `${(await statesOf(a)).join()} ${(await statesOf(b)).join()}`, patiently)
        .toMatch(/^(complete complete|(partial|stale)? (partial|stale)?)$/);
      for (const one of [a, b]) if ((await statesOf(one)).length === 0) expect(await tracesOf(one)).toBe('');
      if ((await statesOf(a)).includes('complete')) await removeTunnel(a, 'b');
      for (const { daemon } of [a, b])
        expect((await daemon.ask('/v1/tunnels/gc', { method: 'POST' })).status).toBe(200);
      for (const one of [a, b]) expect([await statesOf(one), await tracesOf(one)]).toEqual([[], '']);
    },
  );

  test('is made as ever after all of that', async () => {
    const { a } = all();
    const { remote } = await makeTunnel(a, { peer: 'b', type });
    expect(await pings(a, remote)).toBe(true);
  });
});

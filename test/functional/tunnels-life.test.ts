/**
 * What becomes of tunnels: reboots, daemons that are killed in the middle of making one, NAT between the hosts.
 *
 *     a ──┐
 *         ├── router ── b
 *   c, d ─┘
 *   (behind NAT)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { patiently } from '../support/patience.ts';
import {
  makeTunnel,
  pings,
  reboot,
  removeTunnel,
  statesOf,
  tracesOf,
  tunnelDaemons,
  tunnelsOf,
} from '../support/tunnel-daemons.ts';
import { natSuite, oneNatSuite } from '../support/tunnel-nat.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';
import { isOfLink, kindOf, Wire } from '../support/wire.ts';

const types = (await tunnelTypes()).filter(({ lacks }) => lacks === undefined);
const all = tunnelDaemons({ a: {}, b: {}, c: { nat: true }, d: { nat: true } });

/** Milliseconds after which a daemon is killed that makes a tunnel. */
const moments = [20, 60, 140];

describe.each(types)('a tunnel by $name', ({ kind, request }) => {
  test.each(['a', 'b'] as const)(
    'is made again when %s comes up after a reboot, with the same addresses',
    async (which) => {
      const { a, b } = all();
      const before = await makeTunnel(a, { peer: 'b', ...request });
      await reboot(all()[which]);
      await all()[which].up();
      const now = async (): Promise<unknown> => [
        await statesOf(a),
        await statesOf(b),
        (await tunnelsOf(a))[0]?.id === (await tunnelsOf(b))[0]?.id,
      ];
      await expect.poll(now, patiently).toEqual([['complete'], ['complete'], true]);
      const [after] = await tunnelsOf(a);
      expect([after?.local, after?.remote]).toEqual([before.local, before.remote]);
      expect(await pings(a, before.remote)).toBe(true);
    },
  );

  test('shows the network nothing but its own kind of packets', async () => {
    const { a, b } = all();
    const { local, remote } = await makeTunnel(a, { peer: 'b', ...request });
    await using fromA = await Wire.watch(a.netns, 'eth0');
    await using fromB = await Wire.watch(b.netns, 'eth0');
    expect([await pings(a, remote), await pings(b, local)]).toEqual([true, true]);
    for (const wire of [fromA, fromB]) {
      const packets = (await wire.packets()).filter((packet) => !isOfLink(packet));
      const kinds = packets.map(kindOf).filter((one) => one !== 'keepalive');
      expect([...new Set(kinds)]).toEqual([kind]);
      // Between addresses of IPv6, which is how they know each other.
      expect(new Set(packets.map(([first = 0]) => first >> 4))).toEqual(new Set([6]));
    }
  });
});

natSuite(all, types);

oneNatSuite(all, types);

describe.each(types.filter(({ name }) => name === 'ipsec'))('a tunnel by $name', ({ flags }) => {
  test('says that NAT is in its way, and what to do', async () => {
    const made = await all().c.daemon.wormhole('tunnel-create', ...flags, 'a');
    expect(made).toMatchObject({ code: 69, stderr: expect.stringContaining('use --udp or --type wireguard') });
  });
});

describe.each(types)('a tunnel by $name', ({ request }) => {
  test.each(['a', 'b'] as const)(
    'W6 leaves nothing that is not named when the daemon of %s is killed while it is made',
    async (killed) => {
      const { a, b, [killed]: host } = all();
      await a.daemon.wormhole('ping', 'b');
      for (const ms of moments) {
        const making = makeTunnel(a, { peer: 'b', ...request }).catch(() => undefined);
        await sleep(ms);
        await host.daemon.stop('SIGKILL');
        await host.up();
        await making;
        expect(await a.daemon.wormhole('ping', 'b')).toMatchObject({ code: 0 });
        // Both have it, or each that has something says that it is not whole.
        await expect
          .poll(async () => `${(await statesOf(a)).join()} ${(await statesOf(b)).join()}`, patiently)
          .toMatch(/^(complete complete|(partial|stale)? (partial|stale)?)$/);
        for (const { daemon } of [a, b]) expect((await daemon.ask('/v1/tunnels/gc', post)).status).toBe(200);
        const { local } = await makeTunnel(a, { peer: 'b', ...request });
        expect(await pings(b, local)).toBe(true);
        await removeTunnel(a, 'b');
        for (const one of [a, b]) expect([await statesOf(one), await tracesOf(one)]).toEqual([[], '']);
      }
    },
  );
});

const post = { method: 'POST' } as const;

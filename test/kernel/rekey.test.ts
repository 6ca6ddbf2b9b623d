/**
 * New keys for tunnels of IPsec between daemons, with packets under way all the time.
 *
 *     a ──┐
 *         ├── router ── b
 *     c ──┘
 *     (c behind NAT)
 *
 * Most of it is waiting: a daemon looks twice a minute whether keys are old.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Host } from '../support/host.ts';
import { patiently } from '../support/patience.ts';
import { setCarried } from '../support/sa-counter.ts';
import { SteadyBytes, SteadyPings } from '../support/steady-streams.ts';
import { makeTunnel, pings, tunnelDaemons } from '../support/tunnel-daemons.ts';
import { kernelLacks } from '../support/vm/kernel.ts';

const ipsec = { type: 'ipsec' } as const;

describe.skipIf(kernelLacks('esp', 'nf_tables'))('a tunnel', () => {
  const all = tunnelDaemons({ a: {}, b: {}, c: { nat: true } });

  test('XT13 F27 gets new keys by bytes and by age, also from a daemon that was killed meanwhile, and loses no packet', async () => {
    const { a, b, c } = all();
    const plain = await makeTunnel(a, { peer: 'b', ...ipsec });
    const udp = await makeTunnel(c, { peer: 'a', ...ipsec, udp: true });
    // With its first packet the host behind the NAT says which port it has there; answers to earlier ones go elsewhere.
    await expect.poll(() => pings(c, udp.remote), patiently).toBe(true);
    const errors = async (): Promise<unknown> =>
      await Promise.all([a, b, c].map(async (host) => (await host.run(['cat', '/proc/self/net/xfrm_stat'])).stdout));
    const before = await errors();
    const streams = [new SteadyPings(a, plain.remote), new SteadyPings(c, udp.remote)];
    await using bytes = await SteadyBytes.start(a, b, plain.remote);
    await sleep(2_000);
    const usual = await bytes.lost();

    /** Both ends of both tunnels have the same keys, and none of those. */
    const renewed = async (old: readonly string[]): Promise<boolean> => {
      const [ofA = [], ...others] = await Promise.all([a, b, c].map(spis));
      const same = [...ofA].sort().join() === others.flat().sort().join();
      return same && ofA.length === 4 && !ofA.some((spi) => old.includes(spi));
    };
    const first = await spis(a);
    for (const { netns } of [a, c]) await setCarried(netns, 2 ** 36);
    await expect.poll(() => renewed(first), patiently).toBe(true);

    const second = await spis(b);
    await a.daemon.stop('SIGKILL');
    const file = join(a.belongings.stateDir, 'tunnels.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/("freshAt": ?")[^"]+/g, '$12020-01-01T00:00:00.000Z'));
    await a.up();
    await expect.poll(() => renewed(second), patiently).toBe(true);

    expect(await bytes.lost()).toBeLessThanOrEqual(usual);
    expect(await bytes.end()).toBeGreaterThan(0);
    for (const stream of streams) expect(await stream.end()).toEqual({ answered: expect.any(Number), lost: [] });
    expect(await errors()).toEqual(before);
  });
});

/** Of all security associations there. */
async function spis(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['ip', 'xfrm', 'state']);
  return [...stdout.matchAll(/ spi (0x\w+)/g)].map(([, spi]) => spi as string);
}

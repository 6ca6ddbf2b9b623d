/**
 * Tunnels between daemons by each kind that the kernel has: what is on the wire and what is left, NAT, new keys, daemons that
 * are killed at a step.
 *
 *     a ──┐
 *         ├── router ── b
 *     c ──┘
 *     (c behind NAT)
 *
 * One world for all, and no more than the kernel has a part in: its processor is emulated. The rest is tested on the ordinary kernel,
 * in `test/functional/tunnels*.test.ts`.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import type { Host } from '../support/host.ts';
import { buildKiller, killAt } from '../support/kill-at.ts';
import { patiently } from '../support/patience.ts';
import { setCarried } from '../support/sa-counter.ts';
import { SteadyBytes, SteadyPings } from '../support/steady-streams.ts';
import {
  dropped,
  makeTunnel,
  pings,
  removeTunnel,
  statesOf,
  tracesOf,
  tunnelDaemons,
  tunnelsOf,
} from '../support/tunnel-daemons.ts';
import { natSuite } from '../support/tunnel-nat.ts';
import { sentence } from '../support/tunnel-sentence.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';
import { kernelLacks } from '../support/vm/kernel.ts';
import { isOfLink, kindOf, Wire } from '../support/wire.ts';

const left = kernelLacks('esp', 'wireguard', 'nf_tables');
const types = left ? [] : await tunnelTypes();
const all = tunnelDaemons({ a: {}, b: {}, c: { nat: true } });
const ipsec = { type: 'ipsec' } as const;

/** The kernel's changes that install a half of IPsec, in order. */
const steps = ['firewall', 'association', 'association', 'policy', 'policy', 'policy', 'address', 'route'];
/** Whose daemon is killed after how many of them; all take minutes. */
const kills: ReadonlyArray<readonly ['a' | 'b', number]> =
  process.env['WORMHOLE_STEPS'] === 'all'
    ? steps.flatMap((_, n) => [['a', n + 1] as const, ['b', n + 1] as const])
    : [['a', 5]];

describe.each(types)('a tunnel by $name', ({ kind, request, shown, word }) => {
  test('WF6 WF7 WF8 WF13 WF14 A13 XT11 XT19 is the same from both ends, shows its own packets alone, lets nobody else in, and leaves nothing', async () => {
    const { a, b, router } = all();
    const { local, remote } = await makeTunnel(a, { peer: 'b', ...request });
    expect(await makeTunnel(b, { peer: 'a', ...request })).toMatchObject({ local: remote, remote: local });
    for (const host of shown.type === 'ipsec' ? [a, b] : []) {
      const { stdout } = await host.run(['sh', '-c', 'ip xfrm state; ip xfrm policy']);
      expect(stdout.match(/proto esp spi 0x\w+ reqid \d+ mode tunnel\n\treplay/g)).toHaveLength(2);
      expect(stdout.match(/\bdir \w+/g)?.sort()).toEqual(['dir fwd', 'dir in', 'dir out']);
    }
    const secret = randomBytes(24).toString('hex');
    {
      await using fromA = await Wire.watch(a.netns, 'eth0');
      await using fromB = await Wire.watch(b.netns, 'eth0');
      await sentence(all(), (port) => `url :0 ${word} b tail url :${port}`, secret);
      expect([await pings(a, remote), await pings(b, local)]).toEqual([true, true]);
      for (const wire of [fromA, fromB]) {
        const packets = await wire.packets();
        expect(packets.filter((packet) => packet.includes(secret))).toEqual([]);
        const kinds = packets.filter((packet) => !isOfLink(packet)).map(kindOf);
        expect([...new Set(kinds)].filter((one) => one !== 'keepalive')).toEqual([kind]);
      }
    }
    expect(await tunnelsOf(a)).toEqual([expect.objectContaining({ ...shown, local, remote, state: 'complete' })]);
    const before = await dropped(a);
    router.ip('route', 'add', `${local}/32`, 'via', a.site.v4);
    const knock = command('nsenter', [`--net=${router.path}`, 'ping', '-c', '1', '-W', '1', local]);
    await expect(knock).rejects.toThrow('exit 1');
    router.ip('route', 'delete', `${local}/32`);
    expect((await dropped(a)) - before).toBe(1);
    await removeTunnel(a, 'b');
    for (const host of [a, b]) expect([await statesOf(host), await tracesOf(host)]).toEqual([[], '']);
  });
});

natSuite(all, types);

describe.skipIf(left)('a tunnel', () => {
  test('of plain ESP says that NAT is in its way, and what to do', async () => {
    const { status, text } = await all().c.daemon.ask('/v1/tunnels', {
      method: 'POST',
      json: { peer: 'a', ...ipsec },
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain('use --udp or --type wireguard');
  });

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

  test('W6 leaves nothing that is not named, when a daemon is killed at a step of making it', async () => {
    const { a, b } = all();
    const killer = await buildKiller();
    for (const [which, n] of kills) {
      const { [which]: host } = all();
      const { changes } = await killAt(killer, host, n);
      const making = makeTunnel(a, { peer: 'b', ...ipsec }).catch(() => undefined);
      expect(await changes).toEqual(steps.slice(0, n));
      await host.up();
      await making;
      // Both have it, or each that has something says that it is not whole.
      await expect
        .poll(async () => `${(await statesOf(a)).join()} ${(await statesOf(b)).join()}`, patiently)
        .toMatch(/^(complete complete|(partial|stale)? (partial|stale)?)$/);
      if ((await statesOf(a)).includes('complete')) await removeTunnel(a, 'b');
      for (const { daemon } of [a, b])
        expect((await daemon.ask('/v1/tunnels/gc', { method: 'POST' })).status).toBe(200);
      for (const one of [a, b]) expect([await statesOf(one), await tracesOf(one)]).toEqual([[], '']);
    }
    const { remote } = await makeTunnel(a, { peer: 'b', ...ipsec });
    expect(await pings(a, remote)).toBe(true);
  });
});

/** Of all security associations there. */
async function spis(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['ip', 'xfrm', 'state']);
  return [...stdout.matchAll(/ spi (0x\w+)/g)].map(([, spi]) => spi as string);
}

/**
 * Tunnels between daemons by each kind that the kernel has: what is on the wire and what is left, NAT, reboots. New keys and
 * daemons that are killed have files of their own.
 *
 *     a ──┐
 *         ├── router ── b
 *  c, d ──┘
 *     (c and d behind NAT)
 *
 * One world for all, and no more than the kernel has a part in. The rest is tested on the ordinary kernel, in
 * `test/functional/tunnels*.test.ts`.
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { patiently } from '../support/patience.ts';
import {
  dropped,
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
import { placesOf, tunnelKeys } from '../support/tunnel-secrets.ts';
import { sentence } from '../support/tunnel-sentence.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';
import { kernelLacks } from '../support/vm/kernel.ts';
import { isOfLink, kindOf, Wire } from '../support/wire.ts';

const left = kernelLacks('esp', 'wireguard', 'nf_tables');
const types = left ? [] : await tunnelTypes();
const all = tunnelDaemons({ a: {}, b: {}, c: { nat: true }, d: { nat: true } });
const ipsec = { type: 'ipsec' } as const;

describe.each(types)('a tunnel by $name', ({ kind, request, shown, word }) => {
  test('W15 WF6 WF7 WF8 WF13 WF14 A10 A13 XT11 XT19 is the same from both ends, shows its own packets alone and nobody its keys, lets nobody else in, and leaves nothing', async () => {
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
    const keys = [...(await tunnelKeys(a)), ...(await tunnelKeys(b))];
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(await placesOf(keys, [a, b])).toEqual([]);
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
oneNatSuite(all, types);

// Of all kinds it has the most parts.
describe.each(types.filter(({ kind }) => kind === 'esp in udp'))('a tunnel by $name', ({ request }) => {
  test('W13 XT12 goes at this end also when the peer is gone, whose own is stale then, and swept up', async () => {
    const { a, b } = all();
    await makeTunnel(a, { peer: 'b', ...request });
    await b.daemon.stop('SIGKILL');
    const { status, body } = await a.daemon.ask('/v1/tunnels?peer=b', { method: 'DELETE' });
    expect([status, body]).toMatchObject([200, { removed: [{ peer: expect.not.stringContaining('removed') }] }]);
    expect([await statesOf(a), await tracesOf(a)]).toEqual([[], '']);
    await b.up();
    await a.daemon.ask('/v1/ping', { method: 'POST', json: { payload: '', host: 'b' } });
    await expect.poll(() => statesOf(b), patiently).toEqual(['stale']);
    expect((await b.daemon.ask('/v1/tunnels/gc', { method: 'POST' })).status).toBe(200);
    expect([await statesOf(b), await tracesOf(b)]).toEqual([[], '']);
  });
});

describe.skipIf(left)('a tunnel', () => {
  test('of plain ESP says that NAT is in its way, and what to do', async () => {
    const { status, text } = await all().c.daemon.ask('/v1/tunnels', {
      method: 'POST',
      json: { peer: 'a', ...ipsec },
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain('use --udp or --type wireguard');
  });

  test('in UDP or by WireGuard is made again after a reboot, with the same addresses', async () => {
    const { a, b, c } = all();
    const one = await makeTunnel(a, { peer: 'b', ...ipsec, udp: true });
    const two = await makeTunnel(c, { peer: 'b', type: 'wireguard' });
    await reboot(b);
    await b.up();
    const now = async (): Promise<unknown> => [
      ...(await Promise.all([a, b, c].map(statesOf))),
      [...(await tunnelsOf(a)), ...(await tunnelsOf(c))].every(({ id }) => ![one.id, two.id].includes(id)),
    ];
    await expect.poll(now, patiently).toEqual([['complete'], ['complete', 'complete'], ['complete'], true]);
    expect(await tunnelsOf(a)).toMatchObject([{ local: one.local, remote: one.remote }]);
    expect(await tunnelsOf(c)).toMatchObject([{ local: two.local, remote: two.remote }]);
    expect([await pings(a, one.remote), await pings(c, two.remote)]).toEqual([true, true]);
  });
});

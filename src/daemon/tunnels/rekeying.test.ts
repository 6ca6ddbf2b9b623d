import { afterEach, describe, expect, test } from 'vitest';
import { TunnelWorld } from '../../../test/support/tunnel-world.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { Where } from '../places/where.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

/** Where a container is, for a kernel that only remembers it. */
function somewhere(id: string): Where {
  const namespace = { id, duplicate: () => namespace, [Symbol.dispose]: () => undefined } as unknown as NetNamespace;
  return { state: 'here', place: { namespace, hostNetwork: false } } as unknown as Where;
}

describe('new keys', () => {
  const spisOf = (end: TunnelWorld['a']): { in: readonly number[]; out: number | undefined } => {
    const [kept] = end.kernel.kept.values();
    return { in: [...(kept?.in.keys() ?? [])], out: kept?.out?.spi };
  };

  test.each(['time', 'bytes'] as const)(
    'W15 come by %s: each end sends with what the other receives, at every moment',
    async (why) => {
      world = new TunnelWorld();
      const { a, b } = world;
      const { id } = await a.create();
      const before = { a: spisOf(a), b: spisOf(b) };
      const agree = (): void => {
        expect(spisOf(b).in).toContain(spisOf(a).out);
        expect(spisOf(a).in).toContain(spisOf(b).out);
      };
      b.onCall = agree;
      const tunnel = a.tunneling.tunnels.find(id);
      if (why === 'time') await a.tunneling.tunnels.changed(tunnel as never, { freshAt: '2020-01-01T00:00:00.000Z' });
      else for (const kept of a.kernel.kept.values()) kept.bytes = 64 * 2 ** 30;
      await expect.poll(() => b.asked.filter((call) => call === 'rekey').length).toBeGreaterThanOrEqual(2);
      await expect.poll(() => [spisOf(a).in.length, spisOf(b).in.length]).toEqual([1, 1]);
      agree();
      expect(spisOf(a).in).not.toEqual(before.a.in);
      expect(spisOf(b).in).not.toEqual(before.b.in);
      expect(Date.parse(tunnel?.record.freshAt ?? '')).toBeGreaterThan(Date.parse('2025-01-01'));
    },
  );

  test('that got lost on the way are agreed on again, and the old ones serve meanwhile', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const { id } = await a.create();
    let lost = 0;
    b.onCall = (call) => {
      expect(spisOf(b).in).toContain(spisOf(a).out);
      expect(spisOf(a).in).toContain(spisOf(b).out);
      lost += 1;
      if (call === 'rekey' && lost < 4) throw new WormholeError('WH_ERR_TIMEOUT', 'nothing came');
    };
    await a.tunneling.tunnels.changed(a.tunneling.tunnels.find(id) as never, { freshAt: '2020-01-01T00:00:00.000Z' });
    await expect.poll(() => lost).toBeGreaterThanOrEqual(5);
    await expect.poll(() => [spisOf(a).in.length, spisOf(b).in.length]).toEqual([1, 1]);
    expect([spisOf(a).in, spisOf(b).in]).toEqual([[spisOf(b).out], [spisOf(a).out]]);
  });

  test('that come one after the other leave the newest ones, however long packets are under way', async () => {
    world = new TunnelWorld({ rekey: { graceMs: 40, lookMs: 3_600_000 } }, { rekey: { graceMs: 40 } });
    const { a, b } = world;
    const { id } = await a.create();
    const { rekeying, tunnels } = a.tunneling;
    const tunnel = tunnels.find(id);
    const calls = tunnel && a.tunneling.linkedTo(tunnel.record);
    for (let i = 0; i < 3; i += 1) await rekeying.change(tunnel as never, calls as never);
    await expect.poll(() => [spisOf(a).in.length, spisOf(b).in.length]).toEqual([1, 1]);
    expect([spisOf(a).in, spisOf(b).in]).toEqual([[spisOf(b).out], [spisOf(a).out]]);
  });

  test('of one tunnel do not wait for packets of another that may be under way', async () => {
    world = new TunnelWorld({ rekey: { graceMs: 3_600_000 } });
    const { a, b } = world;
    await a.machine.move('container:app', somewhere('net:[7]'));
    for (const request of [{}, { attach: 'app' }]) {
      const { id } = await a.create(request);
      await a.tunneling.tunnels.changed(a.tunneling.tunnels.find(id) as never, { freshAt: '2020-01-01T00:00:00.000Z' });
    }
    await expect.poll(() => b.asked.filter((call) => call === 'rekey').length).toBe(4);
    expect([...a.kernel.kept.values()].map((kept) => kept.in.size)).toEqual([2, 2]);
  });

  test('A26 are begun by a peer a few times at most without an end: each takes room in the kernel', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const { id } = await a.create();
    const codes: unknown[] = [];
    for (let spi = 1_000; spi < 1_040; spi += 1) {
      const key = Buffer.alloc(36, 1 + (spi % 250)).toString('base64');
      await b.tunneling.answers.rekey(id, { spi, key }, a.caller).catch(({ code }: WormholeError) => codes.push(code));
    }
    expect(new Set(codes)).toEqual(new Set(['WH_ERR_LIMIT']));
    expect(spisOf(b).in.length).toBeLessThanOrEqual(16);
  });

  test('are not asked for without a link', async () => {
    world = new TunnelWorld();
    const { id } = await world.a.create();
    world.linked = false;
    const tunnel = world.a.tunneling.tunnels.find(id);
    await world.a.tunneling.tunnels.changed(tunnel as never, { freshAt: '2020-01-01T00:00:00.000Z' });
    expect(world.b.asked).not.toContain('rekey');
    expect(tunnel?.complete).toBe(true);
  });
});

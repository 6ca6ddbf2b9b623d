import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { TunnelWorld } from '../../../test/support/tunnel-world.ts';
import { sweep } from './sweep.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

const swapped = (line = ''): string => line.replace(/^(\S+) (\S+)/, '$2 $1');

describe('a tunnel between two hosts', () => {
  test.each([
    [{}, 'ipsec', false],
    [{ udp: true }, 'ipsec', true],
    [{ type: 'ipsec' }, 'ipsec', false],
    [{ type: 'wireguard' }, 'wireguard', true],
  ] as const)('WF6 XT11 %j is at both ends, and the same again from either', async (request, type, udp) => {
    world = new TunnelWorld();
    const { a, b } = world;
    const made = await a.create(request);
    expect(made).toMatchObject({ type, udp, state: 'complete', peer: 'b' });
    const [line] = await a.summary();
    expect(await b.summary()).toEqual([swapped(line)]);
    const [again, back] = [await a.create(request), await b.create(request)];
    expect([again.id, back.id]).toEqual([made.id, made.id]);
    expect([back.local, back.remote]).toEqual([made.remote, made.local]);
    expect([a.kernel.installs, b.kernel.installs]).toEqual([1, 1]);
  });

  test('takes two questions on the link', async () => {
    world = new TunnelWorld();
    await world.a.create();
    expect(world.b.asked).toEqual(['offer', 'commit']);
  });

  test('is never between an address of IPv4 and one of IPv6, while two links of one pair of hosts become one', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    a.seenAt = '[::1]';
    b.onCall = (call) => {
      // The second question finds the link that stays.
      if (call === 'offer' && b.asked.length === 2) a.seenAt = '127.0.0.1';
    };
    await a.create({ type: 'ipsec' });
    expect(b.asked).toEqual(['offer', 'offer', 'commit']);
    const [half] = [...b.kernel.kept.values()];
    expect(half?.half).toMatchObject({ outer: { local: '127.0.0.2', remote: '127.0.0.1' } });
  });

  test('each end receives with keys of its own making and sends with those of the other', async () => {
    world = new TunnelWorld();
    await world.a.create();
    const [one] = world.a.kernel.kept.values();
    const [other] = world.b.kernel.kept.values();
    if (one?.half.kind !== 'ipsec' || other?.half.kind !== 'ipsec') throw new Error('not ipsec');
    expect(one.half.out).toEqual(other.half.in);
    expect(other.half.out).toEqual(one.half.in);
    expect(one.half.out.key.equals(one.half.in.key)).toBe(false);
  });

  test('of WireGuard has one preshared key, and each end the public key of the other', async () => {
    world = new TunnelWorld();
    await world.a.create({ type: 'wireguard' });
    const halves = [world.a, world.b].map(({ kernel }) => [...kernel.kept.values()][0]?.half);
    const [one, other] = halves;
    if (one?.kind !== 'wireguard' || other?.kind !== 'wireguard') throw new Error('not wireguard');
    expect(one.peer.presharedKey?.equals(other.peer.presharedKey ?? Buffer.of())).toBe(true);
    expect(one.peer.endpoint).toEqual({ address: '127.0.0.2', port: other.listenPort });
  });

  test('W15 no key is written down or told to people', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    await a.create();
    const halves = [a, b].flatMap(({ kernel }) => [...kernel.kept.values()].map(({ half }) => half));
    const keys = halves.flatMap((half) => (half.kind === 'ipsec' ? [half.in.key, half.out.key] : []));
    const told = [a, b].map((end) => readFileSync(join(end.stateDir, 'tunnels.json'), 'utf8') + end.lines.join(''));
    const everything = told.join('') + JSON.stringify([await a.list(), await b.list()]);
    expect(keys).toHaveLength(4);
    for (const key of keys) {
      for (const encoding of ['hex', 'base64'] as const) expect(everything).not.toContain(key.toString(encoding));
    }
  });

  test('asked for by both ends at once is one tunnel', async () => {
    world = new TunnelWorld();
    const [one, other] = await Promise.all([world.a.create(), world.b.create()]);
    expect(one.id).toBe(other.id);
    expect([world.a.kernel.kept.size, world.b.kernel.kept.size]).toEqual([1, 1]);
  });

  test('asked for by one end while it thinks about what the other has asked is that one', async () => {
    world = new TunnelWorld({ host: '000000000000000c' });
    const { a, b } = world;
    let goOn = (): void => undefined;
    const thinking = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { able } = b.kernel;
    b.kernel.abilities = async () => {
      await thinking;
      return able;
    };
    const one = a.create();
    await expect.poll(() => b.asked).toEqual(['offer']);
    const other = b.create();
    goOn();
    expect((await one).id).toBe((await other).id);
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([1, 1]);
  });

  test('of another kind than the one that is there is refused by name', async () => {
    world = new TunnelWorld();
    await world.a.create();
    await expect(world.a.create({ udp: true })).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL_CONFLICT',
      message: expect.stringContaining('tunnel-delete b'),
    });
  });

  test('with another MTU than the one that is there is refused; without one that is it', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const { id } = await a.create({ mtu: 1300 });
    for (const same of [a.create(), a.create({ mtu: 1300 }), b.create({ mtu: 1300 })]) expect((await same).id).toBe(id);
    const refused = { code: 'WH_ERR_TUNNEL_CONFLICT', message: expect.stringMatching(/MTU of 1300.*tunnel-delete b/) };
    await expect(a.create({ mtu: 1280 })).rejects.toMatchObject(refused);
    world.linked = false;
    expect((await a.create({ mtu: 1300 })).id).toBe(id);
    await expect(a.create({ mtu: 1280 })).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
  });

  test('falls back to what both ends can do, and says what is missing when there is nothing', async () => {
    world = new TunnelWorld();
    const lacks = { works: false, missing: 'esp4', remedy: 'modprobe esp4' } as const;
    world.b.kernel.able = { ...world.b.kernel.able, ipsec: lacks };
    expect((await world.a.create()).type).toBe('wireguard');
    await world.a.tunneling.tunnels.remove(world.a.tunneling.tunnels.list[0] as never);
    await expect(world.a.create({ type: 'ipsec' })).rejects.toThrow(/IPsec: .*esp4.*modprobe esp4/);
  });

  test.each(['a', 'b'] as const)(
    'between addresses of IPv6 falls back when %s has IPsec for IPv4 only',
    async (name) => {
      world = new TunnelWorld({ address: 'fd09::1' }, { address: 'fd09::2' });
      const { kernel } = world[name];
      kernel.able = { ...kernel.able, ipsec6: { works: false, missing: 'esp6', remedy: 'modprobe esp6' } };
      expect((await world.a.create()).type).toBe('wireguard');
      await world.a.tunneling.tunnels.remove(world.a.tunneling.tunnels.list[0] as never);
      await expect(world.a.create({ type: 'ipsec' })).rejects.toThrow(/IPsec: .*esp6.*modprobe esp6/);
    },
  );
});

describe('a tunnel that is there', () => {
  test('XT13 is taken up again by the next daemon', async () => {
    world = new TunnelWorld();
    const made = await world.a.create();
    world.a.start();
    await world.a.tunneling.restore();
    expect(await world.a.list()).toEqual([expect.objectContaining({ id: made.id, state: 'complete' })]);
    expect((await world.a.create()).id).toBe(made.id);
  });

  test('is made again after a reboot, with the same addresses and other keys', async () => {
    world = new TunnelWorld();
    for (const end of [world.a, world.b]) {
      const before = await world.a.create();
      world.linked = false;
      end.kernel.reboot();
      end.start();
      await end.tunneling.restore();
      expect((await end.summary())[0]).toContain('stale');
      world.link();
      await expect.poll(() => end.summary()).toEqual([expect.stringContaining('complete')]);
      const after = await world.a.create();
      expect([after.local, after.remote]).toEqual([before.local, before.remote]);
      expect(after.id).not.toBe(before.id);
      expect(await world.b.summary()).toEqual([swapped((await world.a.summary())[0])]);
    }
  });

  test('W17 F27 is partial when only parts of it are found, which both ends say until it is swept up', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const { local, remote } = await a.create();
    world.linked = false;
    a.kernel.parts.set(local, [`address ${local}`]);
    a.start();
    await a.tunneling.restore();
    world.link();
    expect(await a.list()).toMatchObject([{ state: 'partial', reason: `there is address ${local}, but not a route` }]);
    await expect.poll(() => b.list()).toMatchObject([{ state: 'stale', reason: "the peer's half is partial" }]);
    const { removed } = await sweep(a.tunneling, new AbortController().signal);
    expect(removed).toEqual([expect.stringContaining(`tunnel to b, ${local} ${remote}: there is address ${local}`)]);
    expect([await a.list(), await b.list(), a.kernel.kept.size, b.kernel.kept.size]).toEqual([[], [], 0, 0]);
  });

  test('that has ended by itself is made again', async () => {
    world = new TunnelWorld();
    const { local } = await world.a.create();
    world.a.kernel.end(local);
    await expect.poll(() => world.a.summary()).toEqual([expect.stringContaining('complete')]);
    expect(world.a.kernel.kept.has(local)).toBe(true);
  });

  test('is stale when the peer has lost it for good, until it is created again', async () => {
    world = new TunnelWorld();
    const made = await world.a.create();
    world.linked = false;
    await world.b.tunneling.tunnels.remove(world.b.tunneling.tunnels.list[0] as never);
    world.link();
    await expect.poll(() => world.a.summary()).toEqual([`${made.local} ${made.remote} stale`]);
    expect((await world.a.create()).state).toBe('complete');
    expect((await world.b.list()).map(({ state }) => state)).toEqual(['complete']);
  });

  test('W13 is answered with its addresses while the peer is away', async () => {
    world = new TunnelWorld();
    const made = await world.a.create();
    world.linked = false;
    expect((await world.a.create()).id).toBe(made.id);
  });

  test('W5 no other peer can touch it', async () => {
    world = new TunnelWorld();
    const { id } = await world.a.create();
    const { origin, signal } = world.a.caller;
    if (origin.kind !== 'peer' || origin.link === undefined) throw new Error('no peer');
    const stranger = { signal, origin: { ...origin, link: { ...origin.link, host: '00000000000000ff' } } };
    expect(await world.b.tunneling.answers.get(id, stranger)).toEqual({ id, state: 'none' });
    await world.b.tunneling.answers.remove(id, stranger);
    await expect(world.b.tunneling.answers.rekey(id, { spi: 300 }, stranger)).rejects.toMatchObject({
      code: 'WH_ERR_TUNNEL_NOT_FOUND',
    });
    expect(world.b.kernel.kept.size).toBe(1);
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import { TunnelWorld } from '../../../test/support/tunnel-world.ts';
import { WormholeError } from '../../lib/errors.ts';
import { freePairs } from '../../tunnel/overlay.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

const conflict = new WormholeError('WH_ERR_TUNNEL_CONFLICT', 'taken');

describe('the half of the end that is asked', () => {
  test('is installed while its answer is under way, and goes when nobody commits it', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    b.onCall = async (call) => {
      if (call !== 'commit') return;
      await expect.poll(() => b.kernel.kept.size).toBe(1);
      world.linked = false;
      throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link is over');
    };
    await expect(a.create()).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
    expect(b.kernel.kept.size).toBe(1);
    await b.tunneling.answers[Symbol.asyncDispose]();
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([0, 0]);
    expect(await b.summary()).toEqual([]);
  });

  test('W6 goes as soon as another daemon is that host: of the one that has offered it there is nothing left to commit', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    b.onCall = (call) => {
      if (call !== 'commit') return;
      world.linked = false;
      throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'it was killed');
    };
    await expect(a.create()).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
    world.link();
    expect((await b.summary()).length).toBe(1);
    a.start();
    world.link();
    await expect.poll(() => b.summary()).toEqual([]);
    expect(b.kernel.kept.size).toBe(0);
  });

  test('stays until the commit where another one is to replace it', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const { local } = await a.create();
    a.kernel.end(local);
    const before = b.kernel.installs;
    let installed: number | undefined;
    b.onCall = (call) => {
      if (call === 'commit') installed = b.kernel.installs;
    };
    await expect.poll(() => b.kernel.installs).toBe(before + 1);
    expect(installed).toBe(before);
  });
});

describe('an attempt that fails', () => {
  test.each(['offer', 'commit'] as const)('W6 leaves nothing when the peer fails at the %s', async (step) => {
    world = new TunnelWorld();
    world.b.onCall = (call) => {
      if (call === step) throw new WormholeError('WH_ERR_TUNNEL', 'it broke');
    };
    await expect(world.a.create()).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL' });
    expect([await world.a.summary(), await world.b.summary()]).toEqual([[], []]);
    expect([world.a.kernel.kept.size, world.b.kernel.kept.size]).toEqual([0, 0]);
  });

  test.each(['a', 'b'] as const)('leaves nothing when the kernel of %s refuses', async (name) => {
    world = new TunnelWorld();
    world[name].kernel.failure = new WormholeError('WH_ERR_TUNNEL', 'no');
    await expect(world.a.create()).rejects.toMatchObject({ code: 'WH_ERR_TUNNEL' });
    expect([world.a.kernel.kept.size, world.b.kernel.kept.size]).toEqual([0, 0]);
    expect([await world.a.summary(), await world.b.summary()]).toEqual([[], []]);
  });

  test.each(['a', 'b'] as const)('W6 is tried again with other addresses when %s finds them taken', async (name) => {
    world = new TunnelWorld();
    world[name].kernel.failure = conflict;
    const { local } = await world.a.create();
    const [kept] = world.a.kernel.kept.keys();
    expect(kept).toBe(local);
    expect(world.b.kernel.kept.size).toBe(1);
  });

  test('W6 is tried again with the same addresses when a port is taken', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    const [first] = freePairs(a.tunneling.tunnels.range, [`${a.host} `, `${b.host} `], () => false, 1);
    b.kernel.failure = new WormholeError('WH_ERR_TUNNEL_CONFLICT', 'taken', { detail: { conflict: 'port' } });
    await expect(a.create()).resolves.toMatchObject({ local: first?.low, remote: first?.high });
  });

  test('W6 ends after some attempts when there is never agreement', async () => {
    world = new TunnelWorld();
    world.b.onCall = (call) => {
      if (call === 'offer') throw conflict;
    };
    await expect(world.a.create()).rejects.toBe(conflict);
    expect(world.b.asked.filter((call) => call === 'offer')).toHaveLength(5);
  });

  test('takes back the half that the peer has installed when its answer is no use', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    b.onCall = (call) => {
      // Taken at this end while the offer is under way.
      const [first] = freePairs(a.tunneling.tunnels.range, [`${a.host} `, `${b.host} `], () => false, 1);
      if (call === 'offer' && first !== undefined) a.tunneling.tunnels.reserve(first.low, first.high);
    };
    await expect(a.create()).resolves.toMatchObject({ state: 'complete' });
    expect(b.asked).toEqual(['offer', 'remove', 'offer', 'commit']);
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([1, 1]);
  });

  test('says so when the range is used up', async () => {
    world = new TunnelWorld(
      { range: { network: '10.200.0.0', bits: 31 } },
      { range: { network: '10.200.0.0', bits: 31 } },
    );
    using _all = world.a.tunneling.tunnels.reserve('10.200.0.0');
    await expect(world.a.create()).rejects.toMatchObject({ code: 'WH_ERR_LIMIT' });
  });

  test('W5 says so when the two hosts have different ranges', async () => {
    world = new TunnelWorld({ range: { network: '10.200.0.0', bits: 16 } });
    await expect(world.a.create()).rejects.toThrow(/give both hosts the same -C/);
  });

  test('says so when no port is left', async () => {
    world = new TunnelWorld({ ports: { low: 4600, high: 4600 } });
    using _held = world.a.tunneling.tunnels.ports.hold(4600);
    await expect(world.a.create({ type: 'wireguard' })).rejects.toThrow(/wider -P/);
  });

  test('A17 has either end send to no address that the other one names, unless its policy allows that', async () => {
    world = new TunnelWorld({ external: '127.0.0.9' }, { external: '127.0.0.8' });
    const { a, b } = world;
    const asked: unknown[] = [];
    const denied = new WormholeError('WH_ERR_POLICY', 'none of its targets is that');
    for (const end of [b, a]) {
      end.reach = (...to) => {
        asked.push([end.name, ...to]);
        throw denied;
      };
      await expect(a.create({ type: 'ipsec' })).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
      expect([await a.list(), await b.list(), a.kernel.kept.size, b.kernel.kept.size]).toEqual([[], [], 0, 0]);
      end.reach = () => undefined;
    }
    expect(asked).toEqual([
      ['b', 'common', '127.0.0.9', 4500],
      ['a', 'common', '127.0.0.8', 4500],
    ]);
    expect((await a.create({ type: 'ipsec' })).outerRemote).toBe('127.0.0.8');
  });

  test('needs what the policy of the peer allows', async () => {
    world = new TunnelWorld();
    world.b.policy = () => Promise.reject(new WormholeError('WH_ERR_POLICY', 'no verb'));
    await expect(world.a.create()).rejects.toMatchObject({ code: 'WH_ERR_POLICY' });
    expect(world.b.kernel.kept.size).toBe(0);
  });
});

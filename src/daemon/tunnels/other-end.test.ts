import { afterEach, describe, expect, test } from 'vitest';
import { TunnelWorld } from '../../../test/support/tunnel-world.ts';

let world: TunnelWorld;
afterEach(() => world[Symbol.asyncDispose]());

describe('who is at the other end of a tunnel', () => {
  test('W5 has nobody dialed that is known by nothing but what it calls itself', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    b.knows.where = false;
    await a.create();
    expect(b.wanted).toEqual([]);
    for (const end of [a, b]) {
      end.start();
      await end.tunneling.restore();
    }
    expect([a.wanted.length > 0, b.wanted]).toEqual([true, []]);
    // Lost there it is made again as soon as the other one has come.
    world.linked = false;
    b.kernel.reboot();
    b.start();
    await b.tunneling.restore();
    expect(await b.summary()).toEqual([expect.stringContaining('stale')]);
    world.link();
    await expect.poll(() => b.summary()).toEqual([expect.stringContaining('complete')]);
    expect(b.wanted).toEqual([]);
  });

  test('W5 is not taken for one with a peer of the same name and another key', async () => {
    world = new TunnelWorld();
    const { a } = world;
    await a.create();
    world.linked = false;
    a.knows.identity = 'somebody else';
    await expect(a.create()).rejects.toMatchObject({ code: 'WH_ERR_PEER_UNREACHABLE' });
  });

  test('goes at both ends when the two are strangers', async () => {
    world = new TunnelWorld();
    const { a, b } = world;
    await a.create();
    await b.tunneling.part('somebody else');
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([1, 1]);
    await b.tunneling.part('common');
    expect([a.kernel.kept.size, b.kernel.kept.size]).toEqual([0, 0]);
    expect([await a.list(), await b.list()]).toEqual([[], []]);
    await a.create();
    world.linked = false;
    await b.tunneling.part('common');
    expect([b.kernel.kept.size, await b.list()]).toEqual([0, []]);
  });
});

/** Taking tunnels away, when parts of one will not go. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { somewhere, TunnelWorld } from '../../../test/support/tunnel-world.ts';
import type { Tunnel } from '../../spec/api.ts';
import type { Caller } from '../api/operations.ts';
import { type TunnelOperations, tunnelOperations } from './operate-tunnels.ts';

const caller: Caller = { origin: { kind: 'local' } as Caller['origin'], signal: new AbortController().signal };

describe('of two tunnels the first of which will not go', () => {
  let world: TunnelWorld;
  let operations: TunnelOperations;
  let first: Tunnel;
  let second: Tunnel;

  beforeEach(async () => {
    world = new TunnelWorld();
    await world.a.machine.move('container:app', somewhere('net:[7]'));
    first = await world.a.create();
    second = await world.a.create({ attach: 'app' });
    world.a.kernel.stuck.add(first.local);
    operations = tunnelOperations(world.a.tunneling);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  test('both are deleted, at both ends, and what is left is told', async () => {
    await expect(operations.removeTunnels({ peer: 'b' }, caller)).rejects.toMatchObject({
      code: 'WH_ERR_KERNEL',
      message: `${first.local} will not go`,
    });
    expect([[...world.a.kernel.kept.keys()], await world.a.list(), await world.b.list()]).toEqual([
      [first.local],
      [],
      [],
    ]);
  });

  test('gc takes the other one all the same, and tells of both', async () => {
    const names = [first, second].map(({ local, remote }) => `tunnel to b, ${local} ${remote}: `);
    for (const { local } of [first, second]) world.a.kernel.kept.delete(local);
    const gone = 'somebody took away: address';
    expect((await operations.sweepTunnels(caller)).removed).toEqual([
      `${names[0]}${gone}; not all of it would go: ${first.local} will not go`,
      `${names[1]}${gone}`,
    ]);
    expect([await world.a.list(), await world.b.list()]).toEqual([[], []]);
  });
});

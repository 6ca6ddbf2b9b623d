/**
 * Conformance: pools of targets. An implementation may keep rotation and health per worker, so these tests allow each
 * of at most eight workers its own start.
 */
import { expect, test } from 'vitest';
import { closedPort, echoServer, member, namedServer, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

const WORKERS_MAX = 8;

/** See the module header. */
export function poolGroup(lend: Lend): void {
  test('round robin spreads connections evenly (WU26)', async () => {
    await using a = await namedServer('a');
    await using b = await namedServer('b');
    await using c = await namedServer('c');
    await using world = await RelayWorld.open(lend(), [a, b, c]);
    for (let i = 0; i < 60; i++) await reached(world);
    for (const { accepted } of [a, b, c]) expect(Math.abs(accepted - 20)).toBeLessThanOrEqual(WORKERS_MAX);
    const { members } = await world.stats('all dials are counted', ({ members }) => total(members, 'dialed') === 60);
    expect(members.map(({ dialed }) => dialed)).toEqual([a.accepted, b.accepted, c.accepted]);
  });

  test('first sends everything to the first member that is up', async () => {
    await using a = await namedServer('a');
    await using b = await namedServer('b');
    await using world = await RelayWorld.open(lend(), [a, b], { balance: 'first' });
    for (let i = 0; i < 10; i++) expect(await reached(world)).toBe('a');
    expect(b.accepted).toBe(0);
  });

  test('least-conn avoids a member that is busy', async () => {
    await using a = await namedServer('a');
    await using b = await namedServer('b');
    await using world = await RelayWorld.open(lend(), [a, b], { balance: 'least-conn' });
    let held = 0;
    for (let i = 0; i < 40; i++) {
      const client = await world.connect();
      if ((await client.text(1)) === 'a') held++;
      else client.finish();
      await world.stats('only the held are open', ({ connectionsOpen }) => connectionsOpen === held);
    }
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(WORKERS_MAX);
  });

  test('random reaches every member', async () => {
    await using a = await namedServer('a');
    await using b = await namedServer('b');
    await using c = await namedServer('c');
    await using world = await RelayWorld.open(lend(), [a, b, c], { balance: 'random' });
    const seen = new Set<string>();
    await until('every member was reached', async () => {
      seen.add(await reached(world));
      return seen.size === 3;
    });
  });

  test('when a member refuses, the same connection goes to the next one at once', async () => {
    await using live = await namedServer('l');
    const members = [member(await closedPort(), 0), member(live.address, 1)];
    await using world = await RelayWorld.open(lend(), members, { balance: 'first' });
    expect(await reached(world)).toBe('l');
    const stats = await world.stats('the refusal is counted', ({ members }) => members[0]?.failed === 1);
    expect(stats.members).toMatchObject([{ up: false }, { up: true, failed: 0 }]);
    expect(stats.connectionsFailed).toBe(0);
  });

  test('a member that failed is skipped, tried again later, and heals', async () => {
    const gone = await closedPort();
    await using live = await namedServer('l');
    const members = [member(gone, 0), member(live.address, 1)];
    await using world = await RelayWorld.open(lend(), members, { balance: 'first' });
    for (let i = 0; i < 20; i++) expect(await reached(world)).toBe('l');
    const { members: health } = await world.stats('the dials are counted', (stats) => stats.connectionsTotal === 20);
    expect(health[0]?.dialed).toBeLessThan(20);
    await using _back = await namedServer('b', gone);
    await until('the member is used again', async () => (await reached(world)) === 'b');
    await until('the member is up for everybody', async () => {
      await reached(world);
      return world.route.stats().members[0]?.up === true;
    });
  });

  test('when all members are down all are tried', async () => {
    const [one, two] = [await closedPort(), await closedPort()];
    const members = [member(one, 0), member(two, 1)];
    await using world = await RelayWorld.open(lend(), members);
    const client = await world.connect();
    await world.stats('both have failed', ({ members }) => members.every(({ failed }) => failed >= 2));
    await using _back = await echoServer(two);
    client.finish('x');
    expect(await client.text()).toBe('x');
  });

  test('open connections are counted per member', async () => {
    await using a = await serve();
    await using b = await serve();
    await using world = await RelayWorld.open(lend(), [a, b], { balance: 'first' });
    const clients = [await world.connect(), await world.connect()];
    for (const client of clients) await client.send('x');
    await world.stats('two are open', ({ members }) => members[0]?.open === 2 && members[1]?.open === 0);
    for (const client of clients) client.reset();
    await world.stats('none is open', ({ members }) => members[0]?.open === 0);
  });
}

/** Connects, learns which member it reached, and leaves. */
async function reached(world: RelayWorld): Promise<string> {
  await using client = await world.connect();
  const name = await client.text(1);
  client.finish();
  await client.ending();
  return name;
}

function total(members: ReadonlyArray<{ readonly dialed: number }>, key: 'dialed'): number {
  return members.reduce((sum, one) => sum + one[key], 0);
}

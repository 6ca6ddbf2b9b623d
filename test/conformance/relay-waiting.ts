/** Conformance: connections that wait for targets, as long as somebody is there, and what becomes of their question. */
import { expect, test } from 'vitest';
import { closedPort, echoServer, member, silentTarget } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { WaitingWorld } from '../support/waiting-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function waitingGroup(lend: Lend): void {
  const open = (): Promise<WaitingWorld> => WaitingWorld.open(lend());

  test('a client that resets while it waits is forgotten (R10)', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [client] = await bench.join();
    client?.reset();
    expect(await bench.world.record()).toMatchObject({ reason: 'client-gone' });
    expect(bench.world.route.stats()).toMatchObject({ connectionsWaiting: 0, connectionsOpen: 0 });
    bench.oracle.answer([member(target.address)]);
    await settle();
    expect(target.accepted).toBe(0);
  });

  test('a client that ends without a word while it waits has left', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [client] = await bench.join();
    client?.finish();
    expect(await bench.world.record()).toMatchObject({ reason: 'client-gone', upstream: '' });
    bench.oracle.answer([member(target.address)]);
    await settle();
    expect(target.accepted).toBe(0);
  });

  test('a client that asks, half-closes and waits gets its answer', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [client] = await bench.join();
    await client?.send('asked');
    client?.finish();
    await settle();
    bench.oracle.answer([member(target.address)]);
    expect(await client?.text()).toBe('asked');
    expect(bench.oracle.withdrawn).toEqual([false]);
  });

  test('the question is withdrawn when the last of those who wait has left, not before', async () => {
    await using bench = await open();
    const [last, ...others] = await bench.join(12);
    for (const [i, client] of others.entries()) {
      if (i % 2 === 0) client.reset();
      else client.finish();
    }
    await bench.waiting(1);
    await settle();
    expect(bench.oracle.withdrawn).toEqual([false]);
    last?.finish();
    await until('it was withdrawn', () => bench.oracle.withdrawn[0]);
  });

  test('who comes before a withdrawn question has settled is answered by one of its own', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [gone] = await bench.join();
    gone?.reset();
    await until('it was withdrawn', () => bench.oracle.withdrawn[0]);
    const clients = await bench.join(6);
    await settle();
    expect(bench.oracle.asked).toBe(1);
    bench.oracle.fail('withdrawn');
    await until('it was put again', () => bench.oracle.asked === 2);
    bench.oracle.answer([member(target.address)]);
    for (const client of clients) {
      client.finish('x');
      expect(await client.text()).toBe('x');
    }
    expect(bench.oracle.withdrawn).toEqual([true, false]);
  });

  test('a client whose target goes while it is dialed waits for another one, once', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [client] = await bench.join();
    const refusing = await closedPort();
    bench.oracle.answer([member(refusing)]);
    await bench.waiting(0);
    await bench.world.route.retarget({ targets: [], validForMs: 0 });
    await bench.waiting(1);
    await until('it was asked again', () => bench.oracle.asked === 2);
    bench.oracle.answer([member(target.address)]);
    client?.finish('x');
    expect(await client?.text()).toBe('x');
  });

  test('an answer that comes although its question was withdrawn is as good as any', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [gone] = await bench.join();
    gone?.reset();
    await until('it was withdrawn', () => bench.oracle.withdrawn[0]);
    const [client] = await bench.join();
    bench.oracle.answer([member(target.address)]);
    client?.finish('x');
    expect(await client?.text()).toBe('x');
    expect(bench.oracle.asked).toBe(1);
  });

  test('clients that come and leave all the time lose nobody, and leave no question behind', async () => {
    await using target = await echoServer();
    await using bench = await open();
    for (let round = 0; round < 30; round++) {
      // One that comes just when a question fails may be reset before it knows that it was connected.
      const coming = Array.from({ length: 4 }, () => bench.world.connect().catch(() => undefined));
      for (const client of await Promise.all(coming)) client?.reset();
      if (round % 3 === 0) bench.oracle.fail('not now');
    }
    await bench.waiting(0);
    const [stayed] = await bench.join();
    const answering = setInterval(() => bench.oracle.answer([member(target.address)], { validForMs: 0 }), 5);
    stayed?.finish('x');
    expect(await stayed?.text()).toBe('x');
    await bench.waiting(0);
    clearInterval(answering);
    bench.oracle.answer([]);
    await settle();
    const { asked } = bench.oracle;
    await settle();
    expect(bench.oracle.asked).toBe(asked);
  });

  test('closing the route withdraws the question', async () => {
    await using bench = await open();
    await bench.join(3);
    await bench.world.route.close(0);
    await until('it was withdrawn', () => bench.oracle.withdrawn[0]);
  });

  test('news that there are no targets now leaves them waiting for their answer', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const clients = await bench.join(4);
    await bench.world.route.retarget({ targets: [], validForMs: 0 });
    expect(bench.world.route.stats()).toMatchObject({ connectionsWaiting: 4, connectionsOpen: 4 });
    bench.oracle.answer([member(target.address)]);
    for (const client of clients) {
      client.finish('x');
      expect(await client.text()).toBe('x');
    }
    expect(bench.oracle.asked).toBe(1);
  });

  test('news of targets serves them before their answer comes', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [client] = await bench.join();
    await bench.world.retarget([target]);
    client?.finish('x');
    expect(await client?.text()).toBe('x');
  });

  test('what waits and what is being dialed is known exactly when new targets have been taken', async () => {
    await using target = await silentTarget();
    await using bench = await open();
    await bench.join(7);
    await bench.world.route.retarget({ targets: [member(target.address)], validForMs: Number.POSITIVE_INFINITY });
    const stats = bench.world.route.stats();
    expect([stats.connectionsWaiting, stats.connectionsOpen]).toEqual([0, 7]);
    expect(stats.members[0]).toMatchObject({ open: 0, pending: 7 });
    await bench.world.route.retarget({ targets: [], validForMs: 0 });
    expect(bench.world.route.stats().members[0]).toMatchObject({ open: 0, pending: 7 });
  });

  test('living connections of a member that is gone are counted until they end', async () => {
    await using target = await echoServer();
    await using bench = await open();
    const [one, two] = await bench.join(2);
    bench.oracle.answer([member(target.address)]);
    for (const client of [one, two]) {
      await client?.send('x');
      await client?.read(1);
    }
    await bench.world.route.retarget({ targets: [], validForMs: 0 });
    expect(bench.world.route.stats().members[0]).toMatchObject({ open: 2, pending: 0 });
    one?.finish();
    await bench.world.stats('one has ended', ({ members }) => members[0]?.open === 1);
    two?.finish();
    await bench.world.stats('both have ended', ({ members }) => (members[0]?.open ?? 0) === 0);
  });
}

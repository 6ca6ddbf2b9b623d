/** Conformance: a route that asks for its targets when connections need them. */
import { expect, test } from 'vitest';
import { Oracle } from '../support/relay-oracle.ts';
import { closedPort, echoServer, member, namedServer } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function askGroup(lend: Lend): void {
  test('clients that come before the targets are known wait for them, and the question is put once', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const clients = await Promise.all(Array.from({ length: 10 }, () => world.connect()));
    clients.forEach((client, i) => client.finish(`client ${i}`));
    await until('the question was put', () => oracle.asked > 0);
    await settle();
    expect([oracle.asked, target.accepted]).toEqual([1, 0]);
    oracle.answer([member(target.address)]);
    const answers = await Promise.all(clients.map((client) => client.text()));
    expect(answers).toEqual(clients.map((_, i) => `client ${i}`));
    expect(oracle.asked).toBe(1);
  });

  test('waiting for targets does not count against the connect timeout', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask, connectTimeoutMs: 50 });
    const client = await world.connect();
    client.finish('x');
    await until('the question was put', () => oracle.asked === 1);
    await settle();
    oracle.answer([member(target.address)]);
    expect(await client.text()).toBe('x');
  });

  test('a question that fails ends those who wait, and the next client asks again', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const unlucky = await world.connect();
    await until('the question was put', () => oracle.asked === 1);
    oracle.fail('the container does not start');
    expect(await unlucky.ending()).toMatch(/eof|ECONNRESET|closed/);
    expect(await world.record()).toMatchObject({ reason: 'no-target', detail: 'the container does not start' });
    const lucky = await world.connect();
    lucky.finish('x');
    await until('it was put again', () => oracle.asked === 2);
    oracle.answer([member(target.address)]);
    expect(await lucky.text()).toBe('x');
  });

  test('targets that have expired are asked for again', async () => {
    await using a = await namedServer('a');
    await using b = await namedServer('b');
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const first = await world.connect();
    await until('the question was put', () => oracle.asked === 1);
    oracle.answer([member(a.address)], { validForMs: 1 });
    expect(await first.text(1)).toBe('a');
    await settle();
    const second = await world.connect();
    await until('it was put again', () => oracle.asked === 2);
    oracle.answer([member(b.address)]);
    expect(await second.text(1)).toBe('b');
  });

  test('targets that hold are not asked for again', async () => {
    await using target = await echoServer();
    const ask = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: ask.ask });
    await world.retarget([target]);
    for (let i = 0; i < 20; i++) {
      const client = await world.connect();
      client.finish('x');
      expect(await client.text()).toBe('x');
    }
    expect(ask.asked).toBe(0);
  });

  test('when all targets have failed, the answer to a new question saves the connection', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    await world.retarget([member(await closedPort())]);
    const client = await world.connect();
    client.finish('moved');
    await until('the question was put', () => oracle.asked === 1);
    oracle.answer([member(target.address)]);
    expect(await client.text()).toBe('moved');
  });

  test('a route can be closed while clients wait for targets', async () => {
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    await until('the question was put', () => oracle.asked === 1);
    await world.route.close(0);
    expect(await client.ending()).toMatch(/eof|ECONNRESET|closed/);
    oracle.answer([]);
    await settle();
  });
}

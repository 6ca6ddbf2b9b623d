/** Conformance: a route that asks for its targets when connections need them. */
import { expect, test } from 'vitest';
import type { Targets } from '../../src/proxy/route.ts';
import { closedPort, echoServer, member, namedServer, peerOf, serve } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** An `ask` that answers when the test says so. */
class Oracle {
  asked = 0;
  #answers: Array<{ resolve: (targets: Targets) => void; reject: (error: Error) => void }> = [];

  readonly ask = (): Promise<Targets> => {
    this.asked++;
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  };

  answer(targets: Targets['targets'], validForMs = Number.POSITIVE_INFINITY): void {
    for (const { resolve } of this.#answers.splice(0)) resolve({ targets, validForMs });
  }

  fail(message: string): void {
    for (const { reject } of this.#answers.splice(0)) reject(new Error(message));
  }
}

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

  test('a client that says nothing and ends while it waits is a client whose target sees that end', async () => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    client.finish();
    await until('the question was put', () => oracle.asked === 1);
    await settle();
    oracle.answer([member(target.address)]);
    const served = await peerOf(target);
    expect(await served.ending()).toBe('eof');
    served.finish('nothing to add');
    expect(await client.text()).toBe('nothing to add');
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
    oracle.answer([member(a.address)], 1);
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

  test('a client that resets while it waits is forgotten (R10)', async () => {
    await using target = await echoServer();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    await until('the question was put', () => oracle.asked === 1);
    client.reset();
    expect(await world.record()).toMatchObject({ reason: 'client-gone' });
    oracle.answer([member(target.address)]);
    await settle();
    expect(target.accepted).toBe(0);
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

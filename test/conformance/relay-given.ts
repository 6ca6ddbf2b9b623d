/** Conformance: an answer that brings a connected socket, as a probe made it. */
import { expect, test } from 'vitest';
import { Oracle } from '../support/relay-oracle.ts';
import { connectedSocket, echoServer, member, peerOf, serve } from '../support/relay-targets.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function givenGroup(lend: Lend): void {
  /** Until as many wait, and the question was put: counters are faster than messages. */
  const waiting = async (world: RelayWorld, oracle: Oracle, n: number): Promise<void> => {
    await world.stats(`${n} wait`, ({ connectionsWaiting }) => connectionsWaiting === n);
    await until('the question was put', () => oracle.asked === 1);
  };

  test('goes to the client that has waited longest, and the others are dialed for', async () => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const clients = [];
    for (let n = 1; n <= 4; n++) {
      const client = await world.connect();
      clients.push(client);
      await client.send(String(n));
      await waiting(world, oracle, n);
    }
    await using given = await connectedSocket(target.address);
    oracle.answer([member(target.address)], { connected: { member: 0, socket: given.socket } });
    await until('all were served', () => target.peers.length === 4);
    expect(await target.peers[0]?.text(1)).toBe('1');
    target.peers[0]?.finish('first');
    expect(await clients[0]?.text()).toBe('first');
    clients[0]?.finish();
    const record = await world.record();
    expect(record).toMatchObject({ reason: 'done', upstream: 'm0', bytesIn: 1, bytesOut: 5 });
    expect(record.dialMs).toBeGreaterThanOrEqual(0);
    const stats = await world.stats('the rest is open', ({ members }) => members[0]?.open === 3);
    expect(stats.members[0]).toMatchObject({ dialed: 4, failed: 0, pending: 0, up: true });
    expect(stats.dialP50Ms).not.toBeNull();
  });

  test('hears the PROXY header first', async () => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask, proxyProtocol: 'v1' });
    const client = await world.connect();
    client.finish('hello');
    await waiting(world, oracle, 1);
    await using given = await connectedSocket(target.address);
    oracle.answer([member(target.address)], { connected: { member: 0, socket: given.socket } });
    const text = await (await peerOf(target)).text();
    expect(text).toMatch(/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhello$/);
    expect(target.accepted).toBe(1);
  });

  test('what the target said before anybody was there is not lost', async () => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    await waiting(world, oracle, 1);
    await using given = await connectedSocket(target.address);
    const served = await peerOf(target);
    served.finish('greeting');
    await settle();
    oracle.answer([member(target.address)], { connected: { member: 0, socket: given.socket } });
    expect(await client.text()).toBe('greeting');
  });

  test.for([
    ['when nobody waits any more', 0],
    ['when it is of no member of the pool', 1],
  ] as const)('is closed %s', async ([, memberOfSocket]) => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    await until('the question was put', () => oracle.asked === 1);
    if (memberOfSocket === 0) {
      client.reset();
      await world.record();
    }
    await using given = await connectedSocket(target.address);
    const served = await peerOf(target);
    oracle.answer([member(target.address)], { connected: { member: memberOfSocket, socket: given.socket } });
    expect(await served.ending()).toMatch(/eof|ECONNRESET/);
    expect(given.socket.open).toBe(false);
  });

  test('that comes unasked is closed', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    await using given = await connectedSocket(target.address);
    const connected = { member: 0, socket: given.socket };
    await world.route.retarget({ targets: [member(target.address)], validForMs: 1000, connected });
    expect(given.socket.open).toBe(false);
  });

  test('that has died meanwhile is a dial that failed: the next one is tried', async () => {
    await using target = await serve();
    const oracle = new Oracle();
    await using world = await RelayWorld.open(lend(), [], { ask: oracle.ask });
    const client = await world.connect();
    client.finish('hello');
    await waiting(world, oracle, 1);
    await using given = await connectedSocket(target.address);
    (await peerOf(target)).reset();
    await settle();
    oracle.answer([member(target.address)], { connected: { member: 0, socket: given.socket } });
    expect(await (await peerOf(target, 1)).text()).toBe('hello');
  });
}

/**
 * Options of a spec, held to what they promise.
 *
 *     clients ──► wormholed ──► one, two: targets that tell their names; all on 127.0.0.1
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { ask, dial, portOf } from '../support/local.ts';
import { closedPort, echoServer, namedServer, serve, type TargetServer } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();
let one: TargetServer;
let two: TargetServer;
beforeAll(async () => {
  one = await namedServer('1');
  two = await namedServer('2');
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});
const pool = (): string => `tail url :${portOf(one)} also url :${portOf(two)}`;

/** Which members the next `n` clients meet, one after another, as `1212`. */
async function met(port: number, n: number): Promise<string> {
  let names = '';
  for (let i = 0; i < n; i++) names += await ask(port, '');
  return names;
}

describe('pools', () => {
  test('rr goes round, first stays with the first', async () => {
    const rr = await daemon().create(pool());
    const seen = await met(rr.port, 20);
    expect(seen.replaceAll('1', '')).toHaveLength(10);
    const first = await daemon().create(`${pool()} balance first`);
    expect(await met(first.port, 6)).toBe('111111');
  });

  test('random meets both', async () => {
    const { port } = await daemon().create(`${pool()} balance random`);
    const seen = await met(port, 60); // one member alone: once in 2^59 runs
    expect(new Set(seen)).toEqual(new Set(['1', '2']));
  });

  test('least-conn spreads those that stay', async () => {
    const { port, id } = await daemon().create(`${pool()} balance least-conn`);
    const clients = await Promise.all(Array.from({ length: 10 }, () => dial(port)));
    await Promise.all(clients.map((client) => client.read(1)));
    const open = ({ stats }: Wormhole): number[] => stats.members.map((member) => member.open);
    const all = await daemon().sees(id, 'counted', (one) => open(one).reduce((sum, n) => sum + n) === 10);
    // Each relay worker counts for itself.
    expect(open(all).every((n) => n >= 4)).toBe(true);
    for (const client of clients) client.reset();
  });

  test('a member that refuses is passed over: no client notices', async () => {
    const dead = await closedPort();
    const { port, id } = await daemon().create(`tail url :${dead.port} also url :${portOf(two)}`);
    expect(await met(port, 10)).toBe('2222222222');
    const { stats } = await daemon().sees(id, 'counted', (one) => one.stats.members[1]?.dialed === 10);
    expect(stats).toMatchObject({ connectionsTotal: 10, connectionsFailed: 0, members: [{}, { up: true, failed: 0 }] });
    expect(stats.members[0]?.failed).toBeGreaterThan(0);
    // Back again, it is used again.
    await using _back = await namedServer('1', dead);
    let seen = '';
    while (!seen.includes('1')) seen += await met(port, 1);
  });
});

describe('limits', () => {
  test('max-conns: one more waits until one has left', async () => {
    await using echo = await echoServer();
    const { port, id } = await daemon().create(`tail url :${portOf(echo)} max-conns 2`);
    const [first, second] = [await dial(port), await dial(port)];
    for (const client of [first, second]) {
      await client.send('x');
      await client.read(1);
    }
    await using third = await dial(port);
    third.finish('me too');
    await daemon().sees(id, 'full', ({ stats }) => stats.connectionsOpen === 2);
    expect(third.held).toBe(0);
    first.finish();
    expect(await third.text()).toBe('me too');
    second.reset();
  });

  test('conn-idle ends a connection without a byte, and spares one with', async () => {
    await using echo = await echoServer();
    const { port } = await daemon().create(`tail url :${portOf(echo)} conn-idle 700ms`);
    await using idle = await dial(port);
    await using busy = await dial(port);
    while (idle.ended === undefined) {
      await busy.send('x');
      await busy.read(1);
    }
    expect(busy.ended).toBeUndefined();
  });

  test('connect-timeout: a client is told, not left to wait', async () => {
    const dead = await closedPort();
    const { port } = await daemon().create(`tail url :${dead.port} connect-timeout 100ms`);
    await expect(ask(port, 'x')).rejects.toThrow('ECONNRESET');
  });
});

describe('proxy-protocol', () => {
  test('v1: the line tells both addresses before the first byte', async () => {
    await using target = await serve();
    const { port } = await daemon().create(`tail url :${portOf(target)} proxy-protocol v1`);
    await using client = await dial(port);
    client.finish('hello');
    const { localPort } = client.socket;
    await daemonSays(target, Buffer.from(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${port}\r\nhello`));
  });

  test('v2: the same in binary', async () => {
    await using target = await serve();
    const { port } = await daemon().create(`tail url :${portOf(target)} proxy-protocol v2`);
    await using client = await dial(port);
    client.finish('hello');
    const ports = Buffer.alloc(4);
    ports.writeUInt16BE(client.socket.localPort ?? 0, 0);
    ports.writeUInt16BE(port, 2);
    const head = Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000017f000001', 'hex');
    await daemonSays(target, Buffer.concat([head, ports, Buffer.from('hello')]));
  });

  /** The first client of `target` says exactly this. */
  async function daemonSays(target: TargetServer, all: Buffer): Promise<void> {
    await expect.poll(() => target.peers.length).toBe(1);
    expect(await target.peers[0]?.readAll()).toEqual(all);
    target.peers[0]?.finish();
  }
});

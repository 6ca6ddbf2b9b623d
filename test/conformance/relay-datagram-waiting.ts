/** Conformance: datagrams whose target is still to be found are kept, in order and within bounds. */
import { expect, test } from 'vitest';
import type { RouteOptions } from '../../src/proxy/route.ts';
import { Oracle } from '../support/relay-oracle.ts';
import { member } from '../support/relay-targets.ts';
import { UdpPeer, udpEcho } from '../support/relay-udp.ts';
import { settle, until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** What one client may have waiting, and all clients of a route together. */
const HELD = { datagrams: 64, bytes: 1 << 20 };

/** See the module header. */
export function datagramWaitingGroup(lend: Lend): void {
  const open = async (options: Partial<RouteOptions> = {}) => {
    const oracle = new Oracle();
    const world = await RelayWorld.open(lend(), [], { kind: 'datagram', ...options, ask: oracle.ask });
    if (!('port' in world.head)) throw new Error('not an IP head');
    return { oracle, world, head: world.head, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  };

  test('they arrive in order after a wait far longer than a flow may be idle', async () => {
    await using target = await udpEcho();
    await using bench = await open({ flowIdleMs: 200 });
    await using client = await UdpPeer.bind();
    for (let i = 0; i < HELD.datagrams; i++) await client.send(`datagram ${i}`, bench.head);
    await bench.world.stats('it waits', ({ connectionsWaiting }) => connectionsWaiting === 1);
    for (let i = 0; i < 4; i++) await settle();
    expect(bench.world.route.stats()).toMatchObject({ connectionsOpen: 1, connectionsWaiting: 1, datagramsDropped: 0 });
    expect(bench.oracle.withdrawn).toEqual([false]);
    bench.oracle.answer([member(target.address)]);
    await client.datagram(HELD.datagrams - 1);
    const expected = Array.from({ length: HELD.datagrams }, (_, i) => `datagram ${i}`);
    expect(target.received.map(({ data }) => data.toString())).toEqual(expected);
    expect(bench.world.route.stats().connectionsWaiting).toBe(0);
  });

  test('beyond what one client may have waiting they are dropped, the newest first, and counted', async () => {
    await using target = await udpEcho();
    await using bench = await open();
    await using client = await UdpPeer.bind();
    for (let i = 0; i < HELD.datagrams + 3; i++) await client.send(`datagram ${i}`, bench.head);
    await bench.world.stats('three are dropped', ({ datagramsDropped }) => datagramsDropped === 3);
    await until('the question was put', () => bench.oracle.asked === 1);
    bench.oracle.answer([member(target.address)]);
    expect((await client.datagram(HELD.datagrams - 1)).data.toString()).toBe(`datagram ${HELD.datagrams - 1}`);
    await settle();
    expect(client.received).toHaveLength(HELD.datagrams);
  });

  test('what a flow had waiting when it was evicted is free for others', async () => {
    await using target = await udpEcho();
    await using bench = await open({ maxConns: 1 });
    await using greedy = await UdpPeer.bind();
    await using modest = await UdpPeer.bind();
    const size = HELD.bytes / (HELD.datagrams / 2);
    for (let i = 0; i < HELD.datagrams / 2; i++) {
      await greedy.send(Buffer.alloc(size), bench.head);
      // Not more at once than the head's socket takes.
      if (i % 4 === 3) await settle();
    }
    await greedy.send('one too many', bench.head);
    await bench.world.stats('the bytes are used up', ({ datagramsDropped }) => datagramsDropped === 1);
    await modest.send('modest', bench.head);
    await until('the greedy one was evicted', () => bench.world.records.length === 1);
    bench.oracle.answer([member(target.address)]);
    expect((await modest.datagram()).data.toString()).toBe('modest');
  });

  test('a question that fails drops them, and the next one asks again', async () => {
    await using target = await udpEcho();
    await using bench = await open();
    await using client = await UdpPeer.bind();
    await client.send('lost', bench.head);
    await until('the question was put', () => bench.oracle.asked === 1);
    bench.oracle.fail('not now');
    await bench.world.stats('it was dropped', ({ datagramsDropped }) => datagramsDropped === 1);
    await client.send('kept', bench.head);
    await until('it was put again', () => bench.oracle.asked === 2);
    bench.oracle.answer([member(target.address)]);
    expect((await client.datagram()).data.toString()).toBe('kept');
  });
}

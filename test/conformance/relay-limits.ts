/** Conformance: limits on connections and on quiet time. */
import { expect, test } from 'vitest';
import { echoServer, peerOf, serve } from '../support/relay-targets.ts';
import { settle } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function limitsGroup(lend: Lend): void {
  test('a client beyond max-conns waits and is served when another one leaves', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { maxConns: 2 });
    const [first, second] = [await world.connect(), await world.connect()];
    for (const client of [first, second]) {
      await client.send('in');
      expect(await client.text(2)).toBe('in');
    }
    const third = await world.connect();
    third.finish('at last');
    await settle();
    expect([target.accepted, third.held, third.ended]).toEqual([2, 0, undefined]);
    expect(world.route.stats()).toMatchObject({ connectionsOpen: 2, connectionsTotal: 2 });
    first.finish();
    expect(await third.text()).toBe('at last');
    await second.send('still');
    expect(await second.text(5)).toBe('still');
  });

  test('many clients pass through a small max-conns, one after the other', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { maxConns: 3 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const client = await world.connect();
        client.finish(String(i));
        return client.text();
      }),
    );
    expect(answers).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
    await world.stats('all have left', (stats) => stats.connectionsTotal === 60 && stats.connectionsOpen === 0);
  });

  test('a connection without a byte for conn-idle is ended', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { connIdleMs: 200 });
    const client = await world.connect();
    await client.send('x');
    const served = await peerOf(target);
    expect(await client.ending()).toMatch(/eof|ECONNRESET/);
    expect(await served.ending()).toMatch(/eof|ECONNRESET/);
    expect(await world.record()).toMatchObject({ reason: 'conn-idle', bytesIn: 1 });
  });

  test('bytes in either direction keep a connection from being idle', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { connIdleMs: 1000 });
    const client = await world.connect();
    await client.send('x');
    const served = await peerOf(target);
    const from = performance.now();
    while (performance.now() - from < 2500) {
      served.socket.write('.');
      await settle();
    }
    expect(client.ended).toBeUndefined();
    expect(world.records).toEqual([]);
  });

  test('a half-closed connection without a byte for the linger is ended', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target], { halfOpenLingerMs: 200 });
    const client = await world.connect();
    client.finish('question');
    const served = await peerOf(target);
    expect(await served.text()).toBe('question');
    expect(await client.ending()).toMatch(/eof|ECONNRESET/);
    expect(await world.record()).toMatchObject({ reason: 'half-open-linger', bytesIn: 8, bytesOut: 0 });
  });

  test('the linger leaves connections alone that are open both ways', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { halfOpenLingerMs: 50 });
    const client = await world.connect();
    await client.send('a');
    expect(await client.text(1)).toBe('a');
    await settle();
    await settle();
    await client.send('b');
    expect(await client.text(1)).toBe('b');
  });
}

/** Conformance: heads come and go, targets change, routes drain; unix sockets are as good as TCP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownLoopback } from '../support/own-loopback.ts';
import { bytes } from '../support/relay-bytes.ts';
import { connectTo, type Ending } from '../support/relay-peer.ts';
import { echoServer, namedServer, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function headsGroup(lend: Lend): void {
  test.for([
    ['tcp', 'tcp'],
    ['tcp', 'unix'],
    ['unix', 'tcp'],
    ['unix', 'unix'],
  ] as const)('a %s head leads to a %s target, half-close included (WU13)', async ([head, tail]) => {
    const directory = mkdtempSync(join(tmpdir(), 'wh-'));
    try {
      await using target = await echoServer(tail === 'unix' ? { path: join(directory, 'tail.sock') } : undefined);
      await using world = await RelayWorld.open(lend(), [target], head === 'unix' ? { head } : {});
      const client = await world.connect();
      const data = bytes(300_000);
      client.finish(data);
      expect((await client.readAll()).equals(data)).toBe(true);
      const record = await world.record();
      expect(record).toMatchObject({ reason: 'done', bytesIn: data.length, bytesOut: data.length });
      expect(record.client).toMatch(head === 'unix' ? /^$/ : /^127\.0\.0\.1:\d+$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('an IPv6 head leads to an IPv4 target', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { head: { host: '::1', port: 0 } });
    const client = await world.connect();
    client.finish('six');
    expect(await client.text()).toBe('six');
    expect((await world.record()).client).toMatch(/^\[::1\]:\d+$/);
  });

  test('without a head nobody is accepted, and living connections go on (WU14)', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const living = await world.connect();
    await living.send('a');
    expect(await living.text(1)).toBe('a');
    await world.route.unlisten();
    await expect(connectTo(world.head)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await living.send('b');
    expect(await living.text(1)).toBe('b');
  });

  test('the same port can be listened on again at once, and the counters go on (WU16)', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { head: { host: ownLoopback, port: 0 } });
    const { head } = world;
    if (!('port' in head)) throw new Error('not an IP head');
    await exchange(world, 'one');
    await world.route.unlisten();
    await world.listen(head);
    await exchange(world, 'two');
    expect(world.head).toEqual(head);
    const stats = await world.stats('both are counted', ({ connectionsTotal }) => connectionsTotal === 2);
    expect([stats.bytesIn, stats.bytesOut]).toEqual([6, 6]);
  });

  test('a new head closes the one before (WU17)', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target], { head: { host: ownLoopback, port: 0 } });
    const { head } = world;
    await world.listen();
    await exchange(world, 'new');
    await expect(connectTo(head)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    if (!('port' in head)) throw new Error('not an IP head');
    await world.listen(head);
    await exchange(world, 'back');
  });

  test('new targets are for new connections only', async () => {
    await using before = await namedServer('b');
    await using after = await namedServer('a');
    await using world = await RelayWorld.open(lend(), [before]);
    const old = await world.connect();
    expect(await old.text(1)).toBe('b');
    await world.retarget([after]);
    const fresh = await world.connect();
    expect(await fresh.text(1)).toBe('a');
    old.finish('still here');
    expect(await old.text()).toBe('still here');
  });

  test('without targets and nobody to ask, a client is ended (WU15, WU24)', async () => {
    await using world = await RelayWorld.open(lend(), []);
    expect(await fate(world)).toMatch(/eof|ECONNRESET/);
    expect(await world.record()).toMatchObject({ reason: 'no-target', upstream: '' });
  });

  test('a closing route serves its connections to their end', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const living = await world.connect();
    await living.send('a');
    expect(await living.text(1)).toBe('a');
    let closed = false;
    const closing = world.route.close(600_000).then(() => {
      closed = true;
    });
    await until('nobody is accepted any more', async () => (await fate(world)) === 'ECONNREFUSED');
    await living.send('b');
    expect(await living.text(1)).toBe('b');
    expect(closed).toBe(false);
    living.finish();
    expect(await living.text()).toBe('');
    await closing;
    const record = await until('it was recorded', () => world.records.find(({ bytesIn }) => bytesIn === 2));
    expect(record.reason).toBe('done');
  });

  test('what has not ended after the drain is aborted', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const living = await world.connect();
    await living.send('a');
    await world.stats('it is established', ({ bytesIn }) => bytesIn === 1);
    await world.route.close(50);
    expect(await living.ending()).toBe('ECONNRESET');
    expect(await world.record()).toMatchObject({ reason: 'closed-by-daemon' });
  });

  test('a drain can be cut short', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const living = await world.connect();
    await living.send('a');
    await world.stats('it is established', ({ bytesIn }) => bytesIn === 1);
    const closing = world.route.close(600_000);
    await world.route.close(0);
    await closing;
    expect(await living.ending()).toBe('ECONNRESET');
  });

  test('a route can be closed at once while its targets are being replaced', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const replacing = Array.from({ length: 200 }, () => world.retarget([target]));
    await world.route.close(0);
    await Promise.allSettled(replacing);
    await expect(connectTo(world.head)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
}

async function exchange(world: RelayWorld, text: string): Promise<void> {
  const client = await world.connect();
  client.finish(text);
  expect(await client.text()).toBe(text);
}

/** What becomes of a client that says nothing and leaves: how its stream ends, or why it could not connect. */
async function fate(world: RelayWorld): Promise<Ending> {
  try {
    await using client = await connectTo(world.head);
    // One that is still accepted is served, and must not keep us waiting.
    client.finish();
    return await client.ending();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

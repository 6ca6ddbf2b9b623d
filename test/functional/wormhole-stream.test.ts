/**
 * Streams through a real daemon: their ends, and what they must not do to each other.
 *
 *     client ──► wormholed ──► target, all on 127.0.0.1
 */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ask, dial, portOf } from '../support/local.ts';
import { bytes } from '../support/relay-bytes.ts';
import { echoServer, peerOf, serve, silentTarget } from '../support/relay-targets.ts';
import { until, within } from '../support/relay-wait.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();

describe('streams', () => {
  test('XT1: a client that has said all still hears the answer', async () => {
    await using target = await serve();
    const { port } = await daemon().create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    client.finish('question');
    const peer = await peerOf(target);
    expect(await peer.text()).toBe('question');
    await pause(200); // the answer takes its time
    await peer.send('ans');
    peer.finish('wer');
    expect(await client.text()).toBe('answer');
  });

  test('XT1: a target that has said all still hears the client', async () => {
    await using target = await serve();
    const { port } = await daemon().create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    const peer = await peerOf(target);
    peer.finish('greeting');
    expect(await client.text()).toBe('greeting');
    await pause(200);
    await client.send('re');
    client.finish('ply');
    expect(await peer.text()).toBe('reply');
  });

  test('XT2: the end of the target reaches a client that goes on reading, after every byte', async () => {
    const all = bytes(3_000_000);
    await using target = await serve(undefined, (socket) => socket.end(all));
    const { port } = await daemon().create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    expect((await client.readAll()).equals(all)).toBe(true);
  });

  test('a reset goes through, both ways', async () => {
    await using target = await serve();
    const { port } = await daemon().create(`tail url :${portOf(target)}`);
    await using one = await dial(port);
    await one.send('x');
    const first = await peerOf(target, 0);
    expect(await first.text(1)).toBe('x');
    one.reset();
    expect(await first.ending()).toBe('ECONNRESET');
    await using two = await dial(port);
    const second = await peerOf(target, 1);
    second.reset();
    expect(await two.ending()).toBe('ECONNRESET');
  });

  test('XT3: 1,000 connections one after another leave the descriptors as they were', async () => {
    await using echo = await echoServer();
    const { port, id } = await daemon().create(`tail url :${portOf(echo)}`);
    const open = (): number => readdirSync(`/proc/${daemon().pid}/fd`).length;
    const round = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) expect(await ask(port, 'x')).toBe('x');
      await daemon().sees(id, 'quiet', ({ stats }) => stats.connectionsOpen === 0);
    };
    await round(50);
    await until('the pools have come to rest', async () => {
      const before = open();
      await pause(300);
      return open() === before;
    });
    const before = open();
    await round(1000);
    await until(`descriptors are ${before} again`, () => open() <= before);
    expect((await daemon().look(id)).stats).toMatchObject({ connectionsTotal: 1050, connectionsFailed: 0 });
  });

  test('XT4: a dead tail delays nobody else, on its own wormhole and on others', async () => {
    await using echo = await echoServer();
    await using dead = await silentTarget();
    if (dead.address.kind !== 'ip') throw new Error('not on an IP address');
    const good = await daemon().create(`tail url :${portOf(echo)}`);
    const bad = await daemon().create(`tail url :${dead.address.port} connect-timeout 1m`);
    const waiting = await Promise.all(Array.from({ length: 50 }, () => dial(bad.port)));
    try {
      await daemon().sees(bad.id, 'waiting', ({ stats }) => stats.connectionsTotal === 50);
      for (let i = 0; i < 20; i++) expect(await within('an answer', ask(good.port, 'x'))).toBe('x');
      expect(waiting.every((client) => client.ended === undefined)).toBe(true);
    } finally {
      for (const client of waiting) client.reset();
    }
    await daemon().sees(bad.id, 'rid of them', ({ stats }) => stats.connectionsOpen === 0);
  });

  test('a target that listens only later is reached, without a byte lost', async () => {
    const { port } = await daemon().create('tail url :9100 connect-timeout 20s');
    await using client = await dial(port);
    client.finish('are you there?');
    await pause(300);
    await using _late = await echoServer({ host: '127.0.0.1', port: 9100 });
    expect(await client.text()).toBe('are you there?');
  });

  test('64 at once, a megabyte each way, byte by byte the same', async () => {
    await using echo = await echoServer();
    const { port, id } = await daemon().create(`tail url :${portOf(echo)}`);
    await Promise.all(
      Array.from({ length: 64 }, async (_, n) => {
        const all = bytes(1 << 20, n);
        await using client = await dial(port);
        client.finish(all);
        expect((await client.readAll()).equals(all)).toBe(true);
      }),
    );
    const counts = { bytesIn: 64 << 20, bytesOut: 64 << 20, connectionsTotal: 64 };
    await daemon().sees(id, 'counted', ({ stats }) => stats.bytesOut === counts.bytesOut);
    expect((await daemon().look(id)).stats).toMatchObject(counts);
  });
});

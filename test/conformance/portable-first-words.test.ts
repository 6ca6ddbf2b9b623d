/**
 * What a client says before the stream to its target is answered goes behind the stream's head: nothing of it is lost or said
 * twice, whatever the answer is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MuxStream } from '../../src/carrier/mux/stream.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import { Pump } from '../../src/proxy/portable/pump.ts';
import { headBytes, OpeningWorld } from '../support/opening-world.ts';
import { bytes } from '../support/relay-bytes.ts';
import { settle, until } from '../support/relay-wait.ts';
import { all } from '../support/stream-pair.ts';

const pump = Pump.make();

/** Waits until those words have come behind the head of a stream that nobody serves. */
async function said(stream: MuxStream, words: string): Promise<void> {
  await until(`${words} came`, () => stream.waiting.received >= headBytes + words.length);
}

const no = (code: 'WH_ERR_DIAL' | 'WH_ERR_WORMHOLE_NOT_FOUND') => new WormholeError(code, 'nobody there');

describe.skipIf(pump === undefined)('the first words of a client', () => {
  let world: OpeningWorld;
  beforeEach(async () => {
    world = await OpeningWorld.make(pump as Pump);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  test('are there before anybody answered, and are counted once', async () => {
    await using client = await world.client();
    await client.send('question');
    await said(await world.stream(), 'question');
    const target = (await world.incoming()).accept();
    const heard = all(target);
    client.finish(' and end');
    expect((await heard).toString()).toBe('question and end');
    target.end('answer');
    expect(await client.text()).toBe('answer');
    expect(await world.record()).toMatchObject({ reason: 'done', upstream: 'db@peer', bytesIn: 16, bytesOut: 6 });
    expect(world.long).toBe(0);
  });

  test('come from a client that ends right behind them: the end follows the yes', async () => {
    await using client = await world.client();
    client.finish('all there is');
    const incoming = await world.incoming();
    await settle();
    expect((await world.stream()).ended).toBe(false);
    const target = incoming.accept();
    expect((await all(target)).toString()).toBe('all there is');
    target.end('answer');
    expect(await client.text()).toBe('answer');
    expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 12, bytesOut: 6 });
  });

  test('A22: are few while nobody has answered, and the rest follows in order', async () => {
    await using client = await world.client();
    const sent = bytes(1 << 20);
    client.finish(sent);
    const stream = await world.stream();
    await until('the words came', () => stream.waiting.received >= 4 * 1024);
    await settle();
    expect(stream.waiting.received).toBe(headBytes + 4 * 1024);
    const target = (await world.incoming()).accept();
    const heard = await all(target);
    expect(heard.equals(sent)).toBe(true);
    target.end();
    expect(await client.text()).toBe('');
  });

  test('need not be: a server that speaks first is heard', async () => {
    await using client = await world.client();
    const target = (await world.incoming()).accept();
    target.end('220 welcome');
    target.resume();
    expect(await client.text()).toBe('220 welcome');
  });

  test('change nothing about a refusal: the client is reset, and the record has the words of the peer', async () => {
    await using client = await world.client();
    await client.send('question');
    await said(await world.stream(), 'question');
    (await world.incoming()).refuse(no('WH_ERR_DIAL'));
    expect(await client.ending()).toBe('ECONNRESET');
    expect(await world.record()).toMatchObject({ reason: 'dial-failed', detail: 'nobody there', bytesIn: 0 });
    expect(world.streams).toHaveLength(1);
  });

  test.each([
    [
      'its guest is not there yet',
      (one: OpeningWorld) => one.incoming().then((it) => it.refuse(no('WH_ERR_WORMHOLE_NOT_FOUND'))),
    ],
    ['the stream was reset before anybody took it', (one: OpeningWorld) => one.stream().then((it) => it.reset())],
  ])('are said again on another stream when %s', async (_, refuse) => {
    await using client = await world.client();
    await client.send('ques');
    await said(await world.stream(), 'ques');
    await refuse(world);
    await client.send('tion');
    const target = (await world.incoming(1)).accept();
    const heard = all(target);
    client.finish('!');
    expect((await heard).toString()).toBe('question!');
    target.end('answer');
    expect(await client.text()).toBe('answer');
    expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 9 });
  });

  test.each([
    [
      'the stream was taken and then reset without an answer',
      (stream: MuxStream) => {
        stream.accept();
        stream.reset();
      },
    ],
    [
      'the stream ended without an answer',
      (stream: MuxStream) => {
        stream.accept();
        stream.end();
      },
    ],
  ])('are not said twice when %s: somebody may have heard them', async (_, leave) => {
    await using client = await world.client();
    await client.send('question');
    const stream = await world.stream();
    await said(stream, 'question');
    leave(stream);
    expect(await client.ending()).toBe('ECONNRESET');
    expect(await world.record()).toMatchObject({ reason: 'dial-failed' });
    await settle();
    expect(world.streams).toHaveLength(1);
  });

  test('that were not said leave the client where it was when a stream breaks', async () => {
    await using client = await world.client();
    const stream = await world.stream();
    stream.accept();
    stream.reset();
    const target = (await world.incoming(1)).accept();
    const heard = all(target);
    client.finish('now');
    expect((await heard).toString()).toBe('now');
    target.end();
  });

  test('are not said twice when the session ends', async () => {
    await using client = await world.client();
    await client.send('question');
    await world.incoming();
    world.destroy();
    expect(await client.ending()).toBe('ECONNRESET');
    expect(await world.record()).toMatchObject({ reason: 'dial-failed' });
  });

  test('arrive once over a connection that is cut while they wait for an answer', async () => {
    await using client = await world.client();
    await client.send('question');
    const incoming = await world.incoming();
    world.cut();
    await until('the session goes on', () => world.resumed === 1);
    const target = incoming.accept();
    const heard = all(target);
    client.finish('!');
    expect((await heard).toString()).toBe('question!');
    target.end('answer');
    expect(await client.text()).toBe('answer');
    expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 9 });
  });

  test('of a client that leaves before the answer end with it', async () => {
    const client = await world.client();
    await client.send('question');
    const stream = await world.stream();
    await said(stream, 'question');
    client.reset();
    expect(await world.record()).toMatchObject({ reason: 'client-gone', bytesIn: 0 });
    await until('the stream is reset', () => stream.closed);
  });
});

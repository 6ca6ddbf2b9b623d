/** Conformance: how streams end. FIN travels by direction, a reset is a reset on the other side, too. */
import { expect, test } from 'vitest';
import { bytes } from '../support/relay-bytes.ts';
import { echoServer, peerOf, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

/** See the module header. */
export function endsGroup(lend: Lend): void {
  test('bytes go both ways over TCP (WU12)', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    await client.send('hello');
    expect(await client.text(5)).toBe('hello');
  });

  test('a client that half-closes still gets the rest of the answer (XT1)', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    client.finish('question');
    const served = await peerOf(target);
    expect(await served.text()).toBe('question');
    await served.send('first ');
    expect(await client.text(6)).toBe('first ');
    served.finish('second');
    expect(await client.text()).toBe('second');
    expect((await world.record()).reason).toBe('done');
  });

  test('a target that half-closes still gets what the client sends later (XT1)', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    const served = await peerOf(target);
    served.finish('banner');
    expect(await client.text()).toBe('banner');
    await client.send('late ');
    expect(await served.text(5)).toBe('late ');
    client.finish('words');
    expect(await served.text()).toBe('words');
    expect((await world.record()).reason).toBe('done');
  });

  test('the end of the target reaches a client that says nothing (XT2)', async () => {
    await using target = await serve(undefined, (socket) => socket.end('bye'));
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    expect(await client.text()).toBe('bye');
  });

  test('a connection on which nobody says anything ends cleanly', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    const served = await peerOf(target);
    client.finish();
    expect(await served.ending()).toBe('eof');
    served.finish();
    expect(await client.ending()).toBe('eof');
    expect(await world.record()).toMatchObject({ reason: 'done', bytesIn: 0, bytesOut: 0 });
  });

  test('a target may speak first', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    const served = await peerOf(target);
    await served.send('220 ready\r\n');
    expect(await client.text(11)).toBe('220 ready\r\n');
  });

  test('data and FIN that arrive together are answered, 100 clients of 100', async () => {
    await using target = await serve(undefined, (socket) => {
      let got = 0;
      socket.on('data', (chunk: Buffer) => {
        got += chunk.length;
      });
      socket.on('end', () => socket.end(`got ${got}`));
    });
    await using world = await RelayWorld.open(lend(), [target]);
    let answered = 0;
    for (let i = 0; i < 100; i++) {
      await using client = await world.connect();
      client.finish(bytes(i * 37 + 1));
      if ((await client.text()) === `got ${i * 37 + 1}`) answered++;
    }
    expect(answered).toBe(100);
  });

  test('a reset of the target is a reset for the client', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    await client.send('x');
    const served = await peerOf(target);
    await served.read(1);
    served.reset();
    expect(await client.ending()).toBe('ECONNRESET');
    expect((await world.record()).reason).toBe('target-reset');
  });

  test('a reset of the client is a reset for the target', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    await client.send('x');
    const served = await peerOf(target);
    await served.read(1);
    client.reset();
    expect(await served.ending()).toBe('ECONNRESET');
    expect((await world.record()).reason).toBe('client-reset');
  });

  test('a reset ends a connection that was half-closed', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    client.finish('x');
    const served = await peerOf(target);
    await served.readAll();
    served.reset();
    expect(await client.ending()).toBe('ECONNRESET');
    expect((await world.record()).reason).toBe('target-reset');
  });

  test('what was sent before a reset of the other side is not needed to notice it', async () => {
    await using target = await serve();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    const served = await peerOf(target);
    await client.send(bytes(300_000));
    served.reset();
    await until('the client noticed', async () => {
      if (client.ended === undefined) await client.send('more').catch(() => undefined);
      return client.ended;
    });
    expect(client.ended).not.toBe('eof');
  });
}

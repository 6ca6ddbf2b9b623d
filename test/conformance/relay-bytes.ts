/** Conformance: every byte arrives once, in order, whatever the sizes, and a stalled reader costs bounded memory. */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { ByteStream, ByteSum, bytes, sendStream } from '../support/relay-bytes.ts';
import { echoServer, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { RelayWorld } from '../support/relay-world.ts';
import type { Lend } from './relay.ts';

const MIB = 1 << 20;

/** See the module header. */
export function bytesGroup(lend: Lend): void {
  test('single bytes arrive one by one', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    for (const letter of 'wormhole') {
      await client.send(letter);
      expect(await client.text(1)).toBe(letter);
    }
  });

  test('64 MiB go both ways at once, byte for byte', async () => {
    const [up, down] = [new ByteStream(1), new ByteStream(2)];
    let atTarget: ByteSum | undefined;
    await using target = await serve(undefined, (socket) => {
      atTarget = new ByteSum(socket);
      void sendStream(socket, down, 64 * MIB);
    });
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    client.socket.removeAllListeners('data');
    const atClient = new ByteSum(client.socket);
    await sendStream(client.socket, up, 64 * MIB);
    expect(await client.ending()).toBe('eof');
    expect((await world.record()).reason).toBe('done');
    // what left the relay may still be on its way into the target
    await until('the target has read all', () => atTarget?.length === 64 * MIB);
    expect([atTarget?.length, atTarget?.crc]).toEqual([64 * MIB, up.crc]);
    expect([atClient.length, atClient.crc]).toEqual([64 * MIB, down.crc]);
  });

  test('any sequence of writes comes back as the same bytes', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const sizes = array(integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 12 });
    await assert(
      asyncProperty(sizes, integer(), async (lengths, seed) => {
        await using client = await world.connect();
        const sent = lengths.map((length, i) => bytes(length, seed + i));
        for (const chunk of sent) client.socket.write(chunk);
        client.finish();
        const got = await client.readAll();
        expect(got.equals(Buffer.concat(sent))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('writes around the size where relays change their ways come back whole', async () => {
    await using target = await echoServer();
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    for (const size of [4095, 4096, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_048_576, 3]) {
      const data = bytes(size, size);
      client.socket.write(data);
      expect((await client.read(size)).equals(data)).toBe(true);
    }
  });

  test('a stalled reader stops its writer within bounded memory, and nothing is lost (R8)', async () => {
    let arrived: ByteSum | undefined;
    await using target = await serve(undefined, (socket) => {
      arrived = new ByteSum(socket);
      socket.pause();
      socket.on('end', () => socket.end('all'));
      stalled = socket;
    });
    let stalled: Socket | undefined;
    await using world = await RelayWorld.open(lend(), [target]);
    const client = await world.connect();
    const stream = new ByteStream(3);
    const taken = await fill(client.socket, stream);
    expect(taken).toBeLessThan(64 * MIB);
    (await until('the target was reached', () => stalled)).resume();
    client.finish();
    expect(await client.text()).toBe('all');
    expect([arrived?.length, arrived?.crc]).toEqual([stream.made, stream.crc]);
  });

  test('a stalled connection does not hold up another one (R9)', async () => {
    await using target = await serve(undefined, (socket) => {
      if (target.accepted === 1) socket.pause();
      else socket.pipe(socket);
    });
    await using world = await RelayWorld.open(lend(), [target]);
    const stalled = await world.connect();
    await until('the target was reached', () => target.accepted === 1);
    await fill(stalled.socket, new ByteStream(4));
    const other = await world.connect();
    await other.send('through');
    expect(await other.text(7)).toBe('through');
  });
}

/** Writes until nothing has been taken for a while; answers how many bytes were. */
async function fill(socket: Socket, stream: ByteStream): Promise<number> {
  let waiting = 0;
  for (let idle = 0; idle < 40 && stream.made < 256 * MIB; ) {
    if (waiting === 0) {
      const chunk = stream.next();
      waiting = chunk.length;
      socket.write(chunk, () => {
        waiting = 0;
      });
      idle = 0;
    } else idle++;
    await pause(waiting === 0 ? 0 : 10);
  }
  return stream.made - waiting;
}

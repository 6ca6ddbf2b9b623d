/** TLS straight on a socket, against itself and against node's. */
import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { End, identity, key, never, TlsWorld } from '../../../test/support/tls-world.ts';
import type { OtherTls } from '../secure-stream.ts';
import { opensslTls } from './tls.ts';

let world: TlsWorld;
beforeEach(async () => {
  world = await TlsWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a connection', () => {
  test('has another key after so many records, and loses nothing at it', async () => {
    const wire: Buffer[] = [];
    const relayed = await world.tcp();
    const between = await world.listen((socket) => {
      socket.on('data', (bytes: Buffer) => wire.push(bytes)).pipe(relayed);
      relayed.pipe(socket);
    });
    const often = opensslTls(10) as OtherTls;
    const near = new End(await often.secureToPeer(await world.tcp(between), { identity, key }, never));
    const far = await world.arrived;
    const all = randomBytes(4 << 20);
    for (let at = 0; at < all.length; at += 100_000) near.pipe.write([all.subarray(at, at + 100_000)]);
    await expect.poll(() => far.bytes.length, { timeout: 5_000 }).toBe(all.length);
    expect(far.bytes.equals(all)).toBe(true);
    // A record that changes keys: header 5, message 5, type 1, tag 16. (RFC 8446 §4.6.3)
    const lengths: number[] = [];
    const said = Buffer.concat(wire);
    for (let at = 0; at < said.length; at += 5 + said.readUInt16BE(at + 3)) lengths.push(said.readUInt16BE(at + 3));
    expect(lengths.filter((length) => length === 22).length).toBeGreaterThan(10);
    near.stream.destroy();
  });

  test('carries 32 MiB each way at once, and each end hears the other’s end once', async () => {
    const near = await world.dial();
    const far = await world.arrived;
    const sent = [randomBytes(32 << 20), randomBytes(32 << 20)] as const;
    for (const [end, all] of [
      [near, sent[0]],
      [far, sent[1]],
    ] as const) {
      for (let at = 0; at < all.length; at += 300_000) end.pipe.write([all.subarray(at, at + 300_000)]);
      end.pipe.end();
    }
    await expect.poll(() => [near.events.at(-1), far.events.at(-1)]).toEqual(['close', 'close']);
    expect(far.bytes.equals(sent[0])).toBe(true);
    expect(near.bytes.equals(sent[1])).toBe(true);
    for (const end of [near, far]) expect(end.events.filter((event) => event !== 'drain')).toEqual(['end', 'close']);
  });

  test('keeps the order of slices of all sizes, which share records and are cut into some', async () => {
    const near = await world.dial();
    const far = await world.arrived;
    const sizes = [1, 4, 131_084, 16_384, 16_383, 16_385, 0, 3, 262_144, 5_000, 131_072 - 4, 1];
    const slices = Array.from({ length: 200 }, (_, at) => randomBytes(sizes[at % sizes.length] as number));
    for (let at = 0; at < slices.length; at += 3) near.pipe.write(slices.slice(at, at + 3));
    near.pipe.end();
    await expect.poll(() => far.events.at(-1)).toBe('end');
    expect(far.bytes.equals(Buffer.concat(slices))).toBe(true);
  });

  test('misses nothing of messages of all sizes, each of which is answered before the next', async () => {
    const near = await world.dial();
    const far = await world.arrived;
    let told = 0;
    for (let round = 1; round <= 60; round += 1) {
      const size = [1, 900, 16_384, 33_000, 40_000, 140_000][round % 6] as number;
      told += size;
      (round % 2 === 0 ? near : far).pipe.write([Buffer.alloc(size, round)]);
      await expect.poll(() => near.bytes.length + far.bytes.length, { interval: 1 }).toBe(told);
    }
    far.pipe.write([Buffer.from('last words')]);
    far.pipe.end();
    await expect.poll(() => near.events.at(-1)).toBe('end');
    expect(near.bytes.subarray(-10).toString()).toBe('last words');
  });

  test('goes on in one direction when the other has ended', async () => {
    const near = await world.dial();
    const far = await world.arrived;
    near.pipe.end();
    await expect.poll(() => far.events).toEqual(['end']);
    far.pipe.write([Buffer.from('still there')]);
    await expect.poll(() => near.bytes.toString()).toBe('still there');
  });

  test('says that it is full while the other end does not read, and that it has drained when it does', async () => {
    const client = (await world.nodeDial()) as TLSSocket;
    const far = await world.arrived;
    client.pause();
    let written = 0;
    while (far.pipe.write([Buffer.alloc(100_000)])) written += 100_000;
    expect(far.events).toEqual([]);
    expect(written).toBeLessThan(64 << 20);
    client.resume();
    await expect.poll(() => far.events).toEqual(['drain']);
  });

  test('has the same exported keys at both ends, and none when it is over', async () => {
    const near = await world.dial();
    const far = await world.arrived;
    const exported = (end: End): string =>
      end.stream.exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0)).toString('hex');
    expect(exported(near)).toBe(exported(far));
    near.stream.destroy();
    expect(() => exported(near)).toThrow('no connection');
  });

  test('that is cut off without TLS’s own end is broken, not ended', async () => {
    const relayed = await world.tcp();
    const between = await world.listen((socket) => {
      socket.pipe(relayed, { end: false });
      relayed.pipe(socket, { end: false });
    });
    await world.dial({ to: between });
    const end = await world.arrived;
    relayed.end();
    await expect.poll(() => end.events.at(-1)).toMatch(/^broken: unexpected eof/);
  });

  test('A11 whose records are changed on the way is broken at the first one, which is not heard', async () => {
    const relayed = await world.tcp();
    let change = false;
    const between = await world.listen((socket) => {
      relayed.pipe(socket);
      socket.on('data', (bytes) => {
        if (change) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        relayed.write(bytes);
      });
    });
    const near = await world.dial({ to: between });
    const end = await world.arrived;
    near.pipe.write([Buffer.from('as it was')]);
    await expect.poll(() => end.bytes.toString()).toBe('as it was');
    change = true;
    near.pipe.write([Buffer.from('changed')]);
    await expect.poll(() => end.events.at(-1)).toMatch(/^broken: .*bad record mac/);
    expect(end.bytes.toString()).toBe('as it was');
  });
});

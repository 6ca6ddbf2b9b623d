/** The TLS port and those who come in numbers, slowly, or with too much. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closed, tcpPeer, tlsFriend, tlsPeer } from '../../test/support/carrier-peer.ts';
import { carrierWorld } from '../../test/support/carrier-world.ts';

const current = carrierWorld();

describe('overload', () => {
  test('A23 silent and dripping connections are ended by the handshake deadline, however busy', async () => {
    const world = current();
    const server = await world.start({ handshakeMs: 300 });
    const { port, events } = world;
    const silent = await tcpPeer(port);
    const dripping = await tcpPeer(port);
    // The beginning of a ClientHello of 250 bytes, one byte at a time.
    const hello = Buffer.concat([Buffer.from('16030100fa010000f60303', 'hex'), Buffer.alloc(200)]);
    let dripped = 0;
    const drip = setInterval(() => dripping.write(hello.subarray(dripped, ++dripped)), 20);
    await Promise.all([closed(silent), closed(dripping)]);
    clearInterval(drip);
    await expect.poll(() => server.inside).toEqual({ connections: 0, handshakes: 0 });
    expect(events.map((event) => event.reason)).toEqual(['timeout', 'timeout']);
  });

  test('A23 one source cannot take all handshakes; friends get in as soon as there is room', async () => {
    const world = current();
    const server = await world.start({ handshakesPerSource: 4 });
    const { port, key, events } = world;
    const idle = await Promise.all(Array.from({ length: 4 }, () => tcpPeer(port)));
    await expect.poll(() => server.inside.handshakes).toBe(4);
    await closed(await tcpPeer(port));
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    expect(events.at(-1)).toMatchObject({ kind: 'shed', reason: 'too-many-handshakes-from-source' });
    for (const socket of idle) socket.destroy();
    await expect.poll(() => server.inside.handshakes).toBe(0);
    const { stream } = await world.conversation();
    stream.destroy();
  });

  test('A23 a member who asks for nothing is closed, and costs no descriptor pair', async () => {
    const world = current();
    await world.start({ firstByteMs: 100 });
    const { port, key, served } = world;
    await closed(await tlsFriend({ port, key }));
    expect(served).toEqual([]);
  });

  test('A23 bytes before authentication are bounded: a flood is cut off', async () => {
    const world = current();
    const server = await world.start();
    const { port, events } = world;
    // A handshake record header that announces a ClientHello of 16 MiB, and what it announces.
    const record = Buffer.concat([Buffer.from('1603014000', 'hex'), Buffer.alloc(0x4000)]);
    record.set(Buffer.from('01ffffff0303', 'hex'), 5);
    const socket = await tcpPeer(port);
    const end = closed(socket);
    let sent = 0;
    while (!socket.destroyed && sent < 16 << 20) {
      socket.write(record);
      sent += record.length;
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await end;
    await expect.poll(() => server.inside).toEqual({ connections: 0, handshakes: 0 });
    expect(events.at(-1)?.reason).not.toBe('timeout');
  });

  test('A23 connections in any state are capped', async () => {
    const world = current();
    await world.start({ connections: 2 });
    const { port, key, events } = world;
    const friends = [await world.conversation(), await world.conversation()];
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    expect(events.at(-1)).toMatchObject({ kind: 'shed', reason: 'too-many-connections' });
    for (const { stream } of friends) stream.destroy();
  });

  test('arbitrary bytes never do more than close their own connection', async () => {
    const world = current();
    await world.start({ handshakeMs: 1_000 });
    const { port } = world;
    const start0 = fc.constantFrom('', '16', '160301', '1603010005', '16030100fa010000f60303', '170303', '80');
    await fc.assert(
      fc.asyncProperty(start0, fc.uint8Array({ maxLength: 400 }), async (hex, noise) => {
        const socket = await tcpPeer(port);
        const end = closed(socket);
        socket.end(Buffer.concat([Buffer.from(hex, 'hex'), noise]));
        await end;
      }),
      { numRuns: 60 },
    );
    const { stream } = await world.conversation();
    stream.destroy();
  });
});

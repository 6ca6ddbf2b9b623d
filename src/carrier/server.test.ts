/** The TLS port against friends and strangers on 127.0.0.1. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closed, plainPair, tcpPeer, tlsFriend, tlsPeer, untilEnd } from '../../test/support/carrier-peer.ts';
import { alpn } from '../lib/tls-profile.ts';
import type { CarrierEvent } from './events.ts';
import { type CarrierLimits, defaultLimits } from './limits.ts';
import type { CarrierPeer } from './peer.ts';
import { CarrierServer } from './server.ts';

const key = randomBytes(32);
const http = 'GET / HTTP/1.1\r\nHost: wormhole\r\n\r\n';

let server: CarrierServer;
let port: number;
let events: CarrierEvent[];
/** What reached the control API: the daemon's end of each connection. */
let served: Array<{ plain: Socket; peer: CarrierPeer }>;

async function start(limits: Partial<CarrierLimits> = {}): Promise<void> {
  server = new CarrierServer({
    keys: [['wormhole', key]],
    limits: { ...defaultLimits, ...limits },
    onEvent: (event) => events.push(event),
    openHttp: async (peer) => {
      const [plain, theirs] = plainPair();
      served.push({ plain, peer });
      return theirs;
    },
  });
  const [address] = await server.listen([{ host: '127.0.0.1', port: 0 }]);
  port = address?.port ?? 0;
}

/** A connection that asked for something, and the daemon's end of it. */
async function conversation(socket?: Socket) {
  const stream = await tlsFriend({ port, key, ...(socket !== undefined && { socket }) });
  stream.write(http);
  const before = served.length;
  await expect.poll(() => served.length).toBe(before + 1);
  const { plain, peer } = served[before] as (typeof served)[number];
  expect((await once(plain, 'data'))[0]).toEqual(Buffer.from(http));
  return { stream, plain, peer };
}

beforeEach(async () => {
  events = [];
  served = [];
});
afterEach(async () => {
  for (const { plain } of served) plain.destroy();
  await server.close(0);
});

describe('a friend', () => {
  test('is let in by TLS 1.3, X25519 and the key, and its identity is told', async () => {
    await start();
    const { stream, peer } = await conversation();
    expect(stream.getProtocol()).toBe('TLSv1.3');
    expect(stream.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    expect(stream.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519' });
    expect(stream.getPeerX509Certificate()).toBeUndefined();
    expect(peer).toEqual({ identity: 'wormhole', address: `127.0.0.1:${stream.localPort}` });
    stream.destroy();
  });

  test('that stops writing still gets the whole answer, and the other way round', async () => {
    await start();
    const { stream, plain } = await conversation();
    stream.end();
    await once(plain, 'end');
    const answer = untilEnd(stream);
    plain.write('late ');
    plain.end('answer');
    expect((await answer).toString()).toBe('late answer');

    const second = await conversation();
    const first = untilEnd(second.stream);
    second.plain.end('only this');
    expect((await first).toString()).toBe('only this');
    const rest = untilEnd(second.plain);
    second.stream.end('and that');
    expect((await rest).toString()).toBe('and that');
    await closed(second.stream);
  });

  test('gets 32 MiB each way at once, byte by byte what was sent', async () => {
    await start();
    const { stream, plain } = await conversation();
    const there = randomBytes(1 << 20);
    const back = randomBytes(1 << 20);
    const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    const both = [untilEnd(plain), untilEnd(stream)];
    for (const [end, data] of [
      [stream, there],
      [plain, back],
    ] as const) {
      for (let i = 0; i < 32; i += 1) end.write(data);
      end.end();
    }
    const [atPlain, atStream] = await Promise.all(both);
    expect(digest(atPlain as Buffer)).toBe(digest(Buffer.concat(Array.from({ length: 32 }, () => there))));
    expect(digest(atStream as Buffer)).toBe(digest(Buffer.concat(Array.from({ length: 32 }, () => back))));
  });

  test('that nobody reads is made to wait: what is in flight is bounded', async () => {
    await start();
    const { stream, plain } = await conversation();
    plain.pause();
    const piece = Buffer.alloc(1 << 20);
    let accepted = 0;
    let waiting = true;
    while (waiting && accepted < 256) {
      waiting = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), 500);
        stream.write(piece, () => {
          clearTimeout(timer);
          resolve(true);
        });
      });
      if (waiting) accepted += 1;
    }
    expect(accepted).toBeLessThan(64);
    stream.destroy();
    await closed(plain);
  });

  test('that is reset takes the other end with it, and the other way round', async () => {
    await start();
    const raw = await tcpPeer(port);
    const { plain } = await conversation(raw);
    raw.resetAndDestroy();
    await closed(plain);
    const second = await conversation();
    second.plain.destroy();
    await closed(second.stream);
    await expect.poll(() => server.inside).toEqual({ connections: 0, handshakes: 0 });
  });

  test('who asks for a carrier is turned away politely: the name is reserved', async () => {
    await start();
    const stream = await tlsFriend({ port, key, tls: { ALPNProtocols: [alpn.carrier] } });
    const said = untilEnd(stream);
    stream.write('HELLO');
    expect(await said).toHaveLength(0);
    expect(served).toEqual([]);
    stream.end();
    await closed(stream);
  });

  test('keys are replaced under living connections', async () => {
    await start();
    const { stream, plain } = await conversation();
    const next = randomBytes(32);
    server.replaceKeys([['wormhole', next]]);
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    (await tlsFriend({ port, key: next })).destroy();
    plain.write('still here');
    expect(String((await once(stream, 'data'))[0])).toBe('still here');
    stream.destroy();
  });
});

describe('a stranger', () => {
  test('A1 without a credential is refused: plain HTTP gets no HTTP answer', async () => {
    await start();
    const socket = await tcpPeer(port);
    const said = untilEnd(socket);
    socket.write(http);
    expect((await said).toString('latin1')).not.toContain('HTTP/');
    expect(served).toEqual([]);
  });

  test('XT14 with a wrong key is refused, and an unknown name fails in the same way', async () => {
    await start();
    const wrong = await tlsPeer({ port, key: randomBytes(32) });
    const unknown = await tlsPeer({ port, key: randomBytes(32), identity: 'nobody' });
    const rightKeyWrongName = await tlsPeer({ port, key, identity: 'nobody' });
    expect(wrong).toEqual({ error: 'ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER' });
    expect(unknown).toEqual(wrong);
    expect(rightKeyWrongName).toEqual(wrong);
    expect(served).toEqual([]);
    await expect.poll(() => events.map((event) => event.reason)).toEqual(['wrong-key', 'wrong-key', 'wrong-key']);
  });

  test('A12 without a key, ready to trust any certificate, finds none', async () => {
    await start();
    const outcome = await tlsPeer({ port, tls: { rejectUnauthorized: false, ciphers: 'TLS_AES_128_GCM_SHA256' } });
    expect(outcome).toEqual({ error: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' });
    expect(served).toEqual([]);
  });

  test('A13 cannot talk the port down to TLS 1.2, with or without the key', async () => {
    await start();
    const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const;
    const ciphers = 'PSK-AES128-GCM-SHA256:ECDHE-PSK-AES128-CBC-SHA256:DEFAULT';
    expect(await tlsPeer({ port, key, tls: { ...old, ciphers } })).toHaveProperty('error');
    expect(await tlsPeer({ port, tls: { ...old, ciphers } })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('without ALPN, or with a name nobody speaks, is closed', async () => {
    await start();
    const bare = await tlsFriend({ port, key, tls: { ALPNProtocols: [] } });
    bare.write(http);
    await closed(bare);
    expect(await tlsPeer({ port, key, tls: { ALPNProtocols: ['h2', 'smtp'] } })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('with the session ticket of a friend, but without the key, is refused', async () => {
    await start();
    const friend = await tlsFriend({ port, key });
    const [session] = (await once(friend, 'session')) as [Buffer];
    friend.destroy();
    const tls = { session, rejectUnauthorized: false };
    expect(await tlsPeer({ port, tls })).toHaveProperty('error');
    expect(await tlsPeer({ port, tls, key: randomBytes(32) })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('A11 who replays or reflects recorded bytes achieves nothing', async () => {
    await start();
    const there: Buffer[] = [];
    const back: Buffer[] = [];
    const wire = await tcpPeer(port);
    const write = wire.write.bind(wire);
    const [near, far] = plainPair();
    far.on('data', (chunk: Buffer) => void (there.push(chunk), write(chunk)));
    wire.on('data', (chunk: Buffer) => void (back.push(chunk), far.write(chunk)));
    const stream = await tlsFriend({ port, key, socket: near });
    stream.write(http);
    await expect.poll(() => served.length).toBe(1);
    stream.destroy();
    wire.destroy();

    for (const recording of [there, back]) {
      const replay = await tcpPeer(port);
      const said = untilEnd(replay);
      for (const chunk of recording) replay.write(chunk);
      await said;
    }
    expect(served).toHaveLength(1);
  });
});

describe('overload', () => {
  test('A23 silent and dripping connections are ended by the handshake deadline, however busy', async () => {
    await start({ handshakeMs: 300 });
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
    await start({ handshakesPerSource: 4 });
    const idle = await Promise.all(Array.from({ length: 4 }, () => tcpPeer(port)));
    await expect.poll(() => server.inside.handshakes).toBe(4);
    await closed(await tcpPeer(port));
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    expect(events.at(-1)).toMatchObject({ kind: 'shed', reason: 'too-many-handshakes-from-source' });
    for (const socket of idle) socket.destroy();
    await expect.poll(() => server.inside.handshakes).toBe(0);
    const { stream } = await conversation();
    stream.destroy();
  });

  test('A23 a member who asks for nothing is closed, and costs no descriptor pair', async () => {
    await start({ firstByteMs: 100 });
    await closed(await tlsFriend({ port, key }));
    expect(served).toEqual([]);
  });

  test('A23 bytes before authentication are bounded: a flood is cut off', async () => {
    await start();
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
    await start({ connections: 2 });
    const friends = [await conversation(), await conversation()];
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    expect(events.at(-1)).toMatchObject({ kind: 'shed', reason: 'too-many-connections' });
    for (const { stream } of friends) stream.destroy();
  });

  test('arbitrary bytes never do more than close their own connection', async () => {
    await start({ handshakeMs: 1_000 });
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
    const { stream } = await conversation();
    stream.destroy();
  });
});

describe('listen', () => {
  test('binds all addresses, or none: a failure closes the others', async () => {
    await start();
    const free = await tcpPort();
    const other = new CarrierServer({
      keys: [],
      limits: defaultLimits,
      onEvent: () => {},
      openHttp: () => Promise.reject(new Error('unused')),
    });
    const addresses = [
      { host: '127.0.0.1', port: free },
      { host: '127.0.0.1', port },
    ];
    await expect(other.listen(addresses)).rejects.toMatchObject({ code: 'EADDRINUSE', address: addresses[1] });
    await expect(tcpPeer(free)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('close lets a living connection end, and ends it after the drain', async () => {
    await start();
    const { stream, plain } = await conversation();
    const draining = server.close(60_000);
    await expect(tcpPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    plain.end('the end');
    expect((await untilEnd(stream)).toString()).toBe('the end');
    stream.end();
    await draining;

    await start();
    const stubborn = await conversation();
    await server.close(50);
    await closed(stubborn.stream);
  });
});

/** A port of 127.0.0.1 that was free a moment ago. */
async function tcpPort(): Promise<number> {
  const probe = new CarrierServer({
    keys: [],
    limits: defaultLimits,
    onEvent: () => {},
    openHttp: () => Promise.reject(new Error('unused')),
  });
  const [address] = await probe.listen([{ host: '127.0.0.1', port: 0 }]);
  await probe.close(0);
  return address?.port ?? 0;
}

/** The TLS port and its friends on 127.0.0.1. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { closed, tcpPeer, tlsFriend, tlsPeer, untilEnd } from '../../test/support/carrier-peer.ts';
import { carrierWorld } from '../../test/support/carrier-world.ts';
import { alpn } from '../lib/tls-profile.ts';
import { defaultLimits } from './limits.ts';
import { CarrierServer } from './server.ts';

const current = carrierWorld();

describe('a friend', () => {
  test('is let in by TLS 1.3, X25519 and the key, and its identity is told', async () => {
    const world = current();
    await world.start();
    const { stream, peer } = await world.conversation();
    expect(stream.getProtocol()).toBe('TLSv1.3');
    expect(stream.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    expect(stream.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519' });
    expect(stream.getPeerX509Certificate()).toBeUndefined();
    expect(peer).toEqual({ identity: 'wormhole', address: `127.0.0.1:${stream.localPort}` });
    stream.destroy();
  });

  test('that stops writing still gets the whole answer, and the other way round', async () => {
    const world = current();
    await world.start();
    const { stream, plain } = await world.conversation();
    stream.end();
    await once(plain, 'end');
    const answer = untilEnd(stream);
    plain.write('late ');
    plain.end('answer');
    expect((await answer).toString()).toBe('late answer');

    const second = await world.conversation();
    const first = untilEnd(second.stream);
    second.plain.end('only this');
    expect((await first).toString()).toBe('only this');
    const rest = untilEnd(second.plain);
    second.stream.end('and that');
    expect((await rest).toString()).toBe('and that');
    await closed(second.stream);
  });

  test('gets 32 MiB each way at once, byte by byte what was sent', async () => {
    const world = current();
    await world.start();
    const { stream, plain } = await world.conversation();
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
    const world = current();
    await world.start();
    const { stream, plain } = await world.conversation();
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
    const world = current();
    const server = await world.start();
    const { port } = world;
    const raw = await tcpPeer(port);
    const { plain } = await world.conversation(raw);
    raw.resetAndDestroy();
    await closed(plain);
    const second = await world.conversation();
    second.plain.destroy();
    await closed(second.stream);
    await expect.poll(() => server.inside).toEqual({ connections: 0, handshakes: 0 });
  });

  test('who asks for a carrier is turned away politely: the name is reserved', async () => {
    const world = current();
    await world.start();
    const { port, key, served } = world;
    const stream = await tlsFriend({ port, key, tls: { ALPNProtocols: [alpn.carrier] } });
    const said = untilEnd(stream);
    stream.write('HELLO');
    expect(await said).toHaveLength(0);
    expect(served).toEqual([]);
    stream.end();
    await closed(stream);
  });

  test('keys are replaced under living connections', async () => {
    const world = current();
    const server = await world.start();
    const { port, key } = world;
    const { stream, plain } = await world.conversation();
    const next = randomBytes(32);
    server.replaceKeys([['wormhole', next]]);
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    (await tlsFriend({ port, key: next })).destroy();
    plain.write('still here');
    expect(String((await once(stream, 'data'))[0])).toBe('still here');
    stream.destroy();
  });
});

describe('listen', () => {
  test('binds all addresses, or none: a failure closes the others', async () => {
    const world = current();
    await world.start();
    const { port } = world;
    const free = await tcpPort();
    const other = new CarrierServer({
      keys: [],
      limits: defaultLimits,
      onEvent: () => {},
      openHttp: () => Promise.reject(new Error('unused')),
      onCarrier: (stream) => stream.destroy(),
    });
    const addresses = [
      { host: '127.0.0.1', port: free },
      { host: '127.0.0.1', port },
    ];
    await expect(other.listen(addresses)).rejects.toMatchObject({ code: 'EADDRINUSE', address: addresses[1] });
    await expect(tcpPeer(free)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('close stops accepting at once and lets a living connection end', async () => {
    const world = current();
    const server = await world.start();
    const { stream, plain } = await world.conversation();
    const draining = server.close(60_000);
    await expect(tcpPeer(world.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    plain.end('the end');
    expect((await untilEnd(stream)).toString()).toBe('the end');
    stream.end();
    await draining;
  });

  test('close ends a connection that outlives the drain', async () => {
    const world = current();
    const server = await world.start();
    const { stream } = await world.conversation();
    await server.close(50);
    await closed(stream);
  });
});

/** A port of 127.0.0.1 that was free a moment ago. */
async function tcpPort(): Promise<number> {
  const probe = new CarrierServer({
    keys: [],
    limits: defaultLimits,
    onEvent: () => {},
    openHttp: () => Promise.reject(new Error('unused')),
    onCarrier: (stream) => stream.destroy(),
  });
  const [address] = await probe.listen([{ host: '127.0.0.1', port: 0 }]);
  await probe.close(0);
  return address?.port ?? 0;
}

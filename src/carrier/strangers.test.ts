/** The TLS port and those who do not hold its key: nothing of theirs reaches the control API. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { closed, plainPair, tcpPeer, tlsFriend, tlsPeer, untilEnd } from '../../test/support/carrier-peer.ts';
import { carrierWorld, request } from '../../test/support/carrier-world.ts';

const current = carrierWorld();

describe('a stranger', () => {
  test('A1 without a credential is refused: plain HTTP gets no HTTP answer', async () => {
    const world = current();
    await world.start();
    const { port, served } = world;
    const socket = await tcpPeer(port);
    const said = untilEnd(socket);
    socket.write(request);
    expect((await said).toString('latin1')).not.toContain('HTTP/');
    expect(served).toEqual([]);
  });

  test('XT14 with a wrong key is refused, and an unknown name fails in the same way', async () => {
    const world = current();
    await world.start();
    const { port, key, events, served } = world;
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
    const world = current();
    await world.start();
    const { port, served } = world;
    const outcome = await tlsPeer({ port, tls: { rejectUnauthorized: false, ciphers: 'TLS_AES_128_GCM_SHA256' } });
    expect(outcome).toEqual({ error: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE' });
    expect(served).toEqual([]);
  });

  test('A13 cannot talk the port down to TLS 1.2, with or without the key', async () => {
    const world = current();
    await world.start();
    const { port, key, served } = world;
    const old = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const;
    const ciphers = 'PSK-AES128-GCM-SHA256:ECDHE-PSK-AES128-CBC-SHA256:DEFAULT';
    expect(await tlsPeer({ port, key, tls: { ...old, ciphers } })).toHaveProperty('error');
    expect(await tlsPeer({ port, tls: { ...old, ciphers } })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('without ALPN, or with a name nobody speaks, is closed', async () => {
    const world = current();
    await world.start();
    const { port, key, served } = world;
    const bare = await tlsFriend({ port, key, tls: { ALPNProtocols: [] } });
    bare.write(request);
    await closed(bare);
    expect(await tlsPeer({ port, key, tls: { ALPNProtocols: ['h2', 'smtp'] } })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('with the session ticket of a friend, but without the key, is refused', async () => {
    const world = current();
    await world.start();
    const { port, key, served } = world;
    const friend = await tlsFriend({ port, key });
    const [session] = (await once(friend, 'session')) as [Buffer];
    friend.destroy();
    const tls = { session, rejectUnauthorized: false };
    expect(await tlsPeer({ port, tls })).toHaveProperty('error');
    expect(await tlsPeer({ port, tls, key: randomBytes(32) })).toHaveProperty('error');
    expect(served).toEqual([]);
  });

  test('A11 who replays or reflects recorded bytes achieves nothing', async () => {
    const world = current();
    await world.start();
    const { port, key, served } = world;
    const there: Buffer[] = [];
    const back: Buffer[] = [];
    const wire = await tcpPeer(port);
    const write = wire.write.bind(wire);
    const [near, far] = plainPair();
    far.on('data', (chunk: Buffer) => void (there.push(chunk), write(chunk)));
    wire.on('data', (chunk: Buffer) => void (back.push(chunk), far.write(chunk)));
    const stream = await tlsFriend({ port, key, socket: near });
    stream.write(request);
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

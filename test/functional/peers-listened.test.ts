/**
 * What those can do who have listened to two daemons, without the key or with the key afterwards.
 *
 *     a: wormholed ══ (what was said is kept) ══ b: wormholed ◄── evil: says it again
 */
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { dialCarrier } from '../support/carrier-client.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';

describe('who only listened', () => {
  test('every connection has fresh keys: the key file opens no recorded session', async () => {
    await using world = await Hosts.start({ hosts: { b: {}, evil: { down: true } } });
    await using peer = await dialCarrier(world.evil, { host: world.b.site.v4, port: 9999 });
    const stream = peer.socket as TLSSocket;
    expect(stream.getProtocol()).toBe('TLSv1.3');
    expect(stream.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    expect(stream.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519' });
  });

  test('A11: what an honest peer said, said again or said back, opens nothing', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {}, evil: { down: true } } });
    const { a, b, evil } = world;
    const relay = await world.relay('a', 'b', 1 << 20);
    await a.join('b');
    const said = Buffer.concat(relay.said[0] ?? []);
    expect(said.length).toBeGreaterThan(200);
    const port = { host: b.site.v4, port: 9999 };
    await using again = await evil.connect(port);
    again.socket.write(said);
    await again.ending();
    await using back = await evil.connect({ host: a.site.v4, port: 9999 });
    back.socket.write(said);
    await back.ending();
    await using mirror = await evil.connect(port);
    mirror.socket.on('data', (chunk: Buffer) => void mirror.socket.write(chunk));
    mirror.socket.write(bytes(10));
    await mirror.ending();
    for (const { daemon } of [a, b]) {
      expect(daemon.log.match(/linked with a peer/g)).toHaveLength(1);
      expect(daemon.alive).toBe(true);
    }
    await until('they are linked', async () => (await a.peer('b')).state === 'up');
  });
});

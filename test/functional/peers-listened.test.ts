/**
 * What those can do who have listened to two daemons, without the key or with the key afterwards.
 *
 *     a: wormholed ══ (what was said is kept) ══ b: wormholed ◄── evil: says it again
 */
import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { alpn, commonIdentity } from '../../src/lib/tls-profile.ts';
import { dialCarrier } from '../support/carrier-client.ts';
import { Hosts } from '../support/hosts.ts';
import { bytes } from '../support/relay-bytes.ts';
import { until } from '../support/relay-wait.ts';
import { Extension, helloSeen } from '../support/tls-hello.ts';
import { Wire } from '../support/wire.ts';

const TLS_AES_128_GCM_SHA256 = 0x1301;
/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746 §3.3: a mark for servers of before TLS 1.3. */
const noSuite = 0x00ff;

describe('who only listened', () => {
  test('every connection has fresh keys: the key file opens no recorded session', async () => {
    await using world = await Hosts.start({ hosts: { b: {}, evil: { down: true } } });
    await using peer = await dialCarrier(world.evil, { host: world.b.site.v4, port: 9999 });
    const stream = peer.socket as TLSSocket;
    expect(stream.getProtocol()).toBe('TLSv1.3');
    expect(stream.getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    expect(stream.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519' });
  });

  test('forward secrecy by name: both ends negotiate psk_dhe_ke with X25519, and offer nothing else', async () => {
    await using world = await Hosts.start({ hosts: { a: {}, b: {} } });
    const relay = await world.relay('a', 'b', 1 << 16);
    await world.a.join('b');
    const [offered, chosen] = [relay.said, relay.answered].map(([first = []]) => helloSeen(Buffer.concat(first)));
    const x25519 = Buffer.from([0, 0x1d, 0, 32]);
    expect([offered?.type, offered?.suites]).toEqual([1, [TLS_AES_128_GCM_SHA256, noSuite]]);
    // One mode: 1, psk_dhe_ke; without psk_ke (0) there is no session without fresh keys.
    expect(offered?.extensions.get(Extension.pskModes)).toEqual(Buffer.from([1, 1]));
    expect(offered?.extensions.get(Extension.keyShare)?.subarray(0, 6)).toEqual(
      Buffer.concat([Buffer.from([0, 36]), x25519]),
    );
    expect([chosen?.type, chosen?.suites]).toEqual([2, [TLS_AES_128_GCM_SHA256]]);
    expect(chosen?.extensions.get(Extension.preSharedKey)).toEqual(Buffer.from([0, 0]));
    expect(chosen?.extensions.get(Extension.keyShare)?.subarray(0, 4)).toEqual(x25519);
    expect(chosen?.extensions.get(Extension.supportedVersions)).toEqual(Buffer.from([3, 4]));
  });

  test.each(['tls', 'quic'])('W4: nothing that travels is there in clear, over %s', async (carrier) => {
    const config = (peer: string): string => `peers: {${peer}: {address: ${peer}, carrier: ${carrier}}}`;
    await using world = await Hosts.start({ hosts: { a: { config: config('b') }, b: { config: config('a') } } });
    const { a, b } = world;
    await using wire = await Wire.watch(a.netns, 'eth0');
    await using back = await Wire.watch(b.netns, 'eth0');
    await using service = await b.serve((socket) => socket.pipe(socket), { host: '0.0.0.0' });
    b.start(['socat', 'UDP4-RECVFROM:5300,fork', 'EXEC:cat']);
    const word = (): string => randomBytes(16).toString('hex');
    const [plain, named, streamed, sent] = [word(), word(), word(), word()];
    await a.daemon.create(`id ${named} url :7000 remote b tail url :${service.port}`);
    await a.daemon.create('url udp://:5300 remote b tail url :5300');
    if (carrier === 'quic') await until('connections go over QUIC', async () => (await a.peer('b')).carrier === 'quic');
    await using client = await a.connect(7000);
    await client.send(streamed);
    expect(await client.text(streamed.length)).toBe(streamed);
    await until('datagrams have a way', async () => (await a.peer('b')).datagrams === 'udp');
    await until('a datagram is there and back', async () => {
      const asked = await a.run(['socat', '-t1', '-', 'UDP4:127.0.0.1:5300'], { stdin: sent });
      return asked.stdout === sent;
    });
    await using control = await a.connect({ host: b.site.v4, port: service.port });
    await control.send(plain);
    expect(await control.text(plain.length)).toBe(plain);
    for (const { bytes: seen } of [wire, back]) {
      await until('what was said in clear is seen', () => seen().includes(plain));
      expect([named, streamed, sent].filter((text) => seen().includes(text))).toEqual([]);
    }
  });

  test('A13: who would do without fresh keys gets them all the same', async () => {
    await using world = await Hosts.start({ hosts: { b: {}, evil: { down: true } } });
    const { b, evil } = world;
    const key = Buffer.from(readKeyFile(evil.belongings.keyFile).bytes()).toString('hex');
    const words = ['-tls1_3', '-psk', key, '-psk_identity', commonIdentity, '-alpn', alpn.carrier];
    const suite = ['-ciphersuites', 'TLS_AES_128_GCM_SHA256', '-allow_no_dhe_kex'];
    const at = ['-connect', `${b.site.v4}:9999`];
    const { stdout } = await evil.run(['openssl', 's_client', ...at, ...words, ...suite]);
    expect(stdout).toContain('Server Temp Key: X25519, 253 bits');
    expect(stdout).toContain('Reused, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256');
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

/** Who comes without the key, and whom we dial who has none. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, createServer, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identity, key, never, TlsWorld, tls } from '../../../test/support/tls-world.ts';
import { socketFd } from '../../lib/socket-fd.ts';
import { alpn } from '../../lib/tls-profile.ts';
import { dupFd } from '../../sys/dup.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import { secureToPeer } from '../link/tls.ts';

let world: TlsWorld;
beforeEach(async () => {
  world = await TlsWorld.start({ handshakeMs: 400 });
});
afterEach(() => world[Symbol.asyncDispose]());

describe('strangers', () => {
  test('A3 a wrong key and an unknown name fail alike, and both ends are told in words', async () => {
    const wrong = await world.dial({ psk: randomBytes(32) }).catch((error: unknown) => error);
    const unknown = await world.dial({ name: 'nobody' }).catch((error: unknown) => error);
    expect(wrong).toMatchObject({
      code: 'WH_ERR_PEER_AUTH',
      message: expect.stringContaining('does not accept our key'),
    });
    expect(unknown).toMatchObject({ code: 'WH_ERR_PEER_AUTH', message: (wrong as Error).message });
    await expect.poll(() => world.events).toEqual(['handshake-failed: wrong-key', 'handshake-failed: wrong-key']);
  });

  test.each([
    ['an older TLS', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' }],
    ['another suite', { ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }],
    ['another group', { ecdhCurve: 'P-256' }],
    ['no key', { pskCallback: () => null, ciphers: 'TLS_AES_128_GCM_SHA256' }],
  ] satisfies [string, ConnectionOptions][])('with %s are refused', async (_what, options) => {
    expect(await world.nodeDial(options)).toMatch(/^ERR_SSL|ECONNRESET|closed/);
    await expect.poll(() => world.events).toHaveLength(1);
  });

  test('break no connection of others in the thread, whichever TLS those are on', async () => {
    const friend = (await world.nodeDial()) as TLSSocket;
    const arrived = await world.arrived;
    const failures: string[] = [];
    friend.on('error', (error) => failures.push(error.message));
    await expect(world.dial({ psk: randomBytes(32) })).rejects.toThrow();
    arrived.pipe.write([Buffer.from('there')]);
    await once(friend, 'data');
    friend.write('and back');
    await expect.poll(() => String(arrived.bytes) + failures.join()).toBe('and back');
  });

  test('get no ticket that would let them in again', async () => {
    const client = (await world.nodeDial()) as TLSSocket;
    let sessions = 0;
    client.on('session', () => (sessions += 1));
    (await world.arrived).pipe.write([Buffer.from('x')]);
    await once(client, 'data');
    expect(sessions).toBe(0);
  });

  test('who say nothing more after their first words are ended by the deadline', async () => {
    const relayed = await world.tcp();
    const between = await world.listen((socket) => {
      // The hello arrives, what finishes the handshake does not.
      socket.once('data', (hello) => relayed.write(hello));
      relayed.pipe(socket);
    });
    // It has proved its key to nobody: whoever dials thinks that it is done, and is cut off.
    const near = await world.dial({ to: between });
    await expect.poll(() => near.events.at(-1)).toBeDefined();
    expect(world.events).toEqual(['handshake-failed: timeout']);
    expect(world.server.inside).toEqual({ connections: 0, handshakes: 0 });
  });

  test('whom we dial, and who answer in no TLS at all, hear nothing of us', async () => {
    const to = await world.listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(world.dial({ to })).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });

  test('A12 a man in the middle with a certificate hears nothing of us', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'wormhole-tls-'));
    const files = { key: join(dir, 'key.pem'), cert: join(dir, 'cert.pem') };
    const make = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=peer',
    ];
    execFileSync('openssl', [...make, '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
    const heard: Buffer[] = [];
    const middle = createServer({
      key: readFileSync(files.key),
      cert: readFileSync(files.cert),
      ALPNProtocols: [alpn.carrier],
      minVersion: 'TLSv1.3',
    });
    rmSync(dir, { recursive: true });
    middle.on('secureConnection', (socket) => socket.on('data', (bytes: Buffer) => heard.push(bytes)));
    middle.on('tlsClientError', () => {});
    const to = await world.listen((socket) => void middle.emit('connection', socket));
    await expect(world.dial({ to })).rejects.toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    expect(heard).toEqual([]);
  });

  test('an aborted handshake ends at once', async () => {
    const silent = await world.listen(() => {});
    const aborted = new AbortController();
    const socket = await world.tcp(silent);
    const dialing = tls.secureToPeer(socket, { identity, key }, aborted.signal);
    setTimeout(() => aborted.abort(new Error('enough')), 20);
    await expect(dialing).rejects.toThrow('enough');
  });

  test('a connection that cannot be taken over leaves no descriptor open', async () => {
    const unconnected = new Socket();
    await expect(tls.secureToPeer(unconnected, { identity, key }, never)).rejects.toThrow('EBADF');
    expect(unconnected.destroyed).toBe(true);
    // The kernel watches a number for as long as its file is open: the next one that is the same cannot be watched.
    const raw = await world.tcp();
    const before = dupFd(socketFd(raw));
    const number = before.fd;
    EventLoop.here()?.add(number, () => {});
    before[Symbol.dispose]();
    await expect(tls.secureToPeer(raw, { identity, key }, never)).rejects.toThrow('EEXIST');
    expect(() => fstatSync(number)).toThrow('EBADF');
  });

  test('node’s TLS and this one say the same to whom they refuse', async () => {
    const raw = [await world.tcp(), await world.tcp()] as const;
    const wrong = { identity, key: randomBytes(32) };
    const words = await Promise.all([
      secureToPeer(raw[0], wrong, never).catch((error: Error) => error.message.replace(/:\d+/, '')),
      tls.secureToPeer(raw[1], wrong, never).catch((error: Error) => error.message.replace(/:\d+/, '')),
    ]);
    expect(words[0]).toBe(words[1]);
  });
});

/**
 * Somebody else on the daemon's port, and somebody else before it.
 *
 *     wormhole ──► impostor on 127.0.0.1            attacker ──► wormholed :9999
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { tlsPeer } from '../support/carrier-peer.ts';
import { command } from '../support/command.ts';
import { dial, portOf } from '../support/local.ts';
import { type Ended, wormhole } from '../support/program.ts';
import { serve } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();
const folder = mkdtempSync(join(tmpdir(), 'wormhole-impostor-'));
let certificate: { readonly key: Buffer; readonly cert: Buffer };
beforeAll(async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const words = ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2'];
  await command('openssl', [...words, ...subject, '-keyout', key, '-out', cert]);
  certificate = { key: readFileSync(key), cert: readFileSync(cert) };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The whole command line, with the real key and whatever could weaken it. */
function client(port: number, env: Record<string, string> = {}): Promise<Ended> {
  const secret = 'create id hidden-id url :9999 docker-ns secret-container'.split(' ');
  return wormhole(['-H', `127.0.0.1:${port}`, '-K', daemon().of.keyFile, ...secret], { env });
}

/** A TLS server that keeps what it heard inside. */
async function impostor(options: TlsOptions): Promise<AsyncDisposable & { readonly port: number; heard(): string }> {
  let heard = '';
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      socket.end('HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

describe('A12: an impostor on the port', () => {
  test('a self-signed certificate is refused, and nothing is said to it, whatever the environment allows', async () => {
    await using fake = await impostor({ ...certificate, ALPNProtocols: ['http/1.1'] });
    const weaker = [{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }];
    for (const env of weaker) {
      const { code, stdout, stderr } = await client(fake.port, env);
      expect({ env, code, stdout }).toEqual({ env, code: 77, stdout: '' });
      expect(stderr).toContain('WH_ERR_PEER_AUTH');
    }
    expect(fake.heard()).toBe('');
  });

  test('another key is refused; so is our key over TLS 1.2, and another identity of ours', async () => {
    const ours = readKeyFile(daemon().of.keyFile).bytes();
    const psk = (key: Uint8Array): TlsOptions => ({
      ciphers: 'PSK',
      pskCallback: () => key,
      ALPNProtocols: ['http/1.1'],
    });
    for (const options of [
      { ...psk(new Uint8Array(32)), ciphers: 'TLS_AES_128_GCM_SHA256' },
      { ...psk(ours), maxVersion: 'TLSv1.2' as const },
    ]) {
      await using fake = await impostor(options);
      const { code, stdout } = await client(fake.port);
      expect(stdout).toBe('');
      expect([76, 77]).toContain(code);
      expect(fake.heard()).toBe('');
    }
  });
});

describe('A13: no way down', () => {
  test('a plaintext server hears a handshake and nothing else; its answer is not believed', async () => {
    await using plain = await serve(undefined, (socket) => {
      socket.on('data', (chunk) => heard.push(chunk));
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{"wormholes": []}');
    });
    const heard: Buffer[] = [];
    const { code, stdout } = await client(portOf(plain));
    expect(stdout).toBe('');
    expect([69, 76]).toContain(code);
    const text = Buffer.concat(heard).toString('latin1');
    expect(text.charCodeAt(0)).toBe(0x16); // a TLS record
    for (const word of ['POST', 'hidden-id', 'secret-container']) expect(text).not.toContain(word);
  });

  test('a server that closes, or never answers the handshake, gets nothing more', async () => {
    await using closing = await serve(undefined, (socket) => socket.destroy());
    const { code, stdout } = await client(portOf(closing));
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  });

  test('the daemon answers no plain HTTP, no older TLS, no certificate, no other suite, no unknown protocol', async () => {
    await using http = await dial(9999);
    http.finish('GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await http.ending();
    expect(http.held > 0 ? await http.text(http.held) : '').not.toContain('HTTP');
    const key = readKeyFile(daemon().of.keyFile).bytes();
    const attempts: ReadonlyArray<Parameters<typeof tlsPeer>[0]> = [
      { port: 9999, key, tls: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' } },
      { port: 9999, tls: { secureContext: createSecureContext(certificate) } },
      { port: 9999, key, tls: { ciphers: 'TLS_AES_256_GCM_SHA384' } },
      { port: 9999, key, tls: { ecdhCurve: 'P-521' } },
      { port: 9999, key, tls: { ALPNProtocols: ['h2'] } },
    ];
    for (const attempt of attempts) expect(await tlsPeer(attempt)).toHaveProperty('error');
    expect((await daemon().wormhole('ping')).code).toBe(0);
  });
});

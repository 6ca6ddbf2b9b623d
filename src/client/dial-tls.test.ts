/** The client's side of TLS: whom it believes, and what it never does. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { readKeyFile } from '../lib/key-file.ts';
import { alpn, tlsProfile } from '../lib/tls-profile.ts';
import { connect } from './index.ts';

const answer = { version: '1.0', instance: 'i', pid: 1, uptimeMs: 1, wormholes: 0, relayWorkers: 2, rssBytes: 1 };
const body = JSON.stringify(answer);
const health = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const keyText = randomBytes(32).toString('base64url');
let dir: string;
let keyFile: string;
let psk: Uint8Array;
let certificate: { key: string; cert: string };
let server: Server | undefined;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wormhole-tls-'));
  keyFile = join(dir, 'key.secret');
  writeFileSync(keyFile, keyText, { mode: 0o600 });
  psk = readKeyFile(keyFile).bytes();
  const files = { key: join(dir, 'key.pem'), cert: join(dir, 'cert.pem') };
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...make, ...names, '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
  certificate = { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
});

async function listen(made: Server): Promise<number> {
  server = made;
  made.on('tlsClientError', () => {});
  await new Promise<void>((done) => void made.listen(0, '127.0.0.1', done));
  const address = made.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A TLS server that answers any request; `heard` collects what it was told inside TLS. */
async function tlsServer(options: TlsOptions): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const made = createTlsServer({ ALPNProtocols: [alpn.http], ...options }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(chunk.toString());
      socket.end(health);
    });
  });
  return { port: await listen(made), heard };
}

/** A TCP server of any other kind. */
async function tcpServer(serve: (socket: Socket, chunk: Buffer) => void): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const made = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(chunk.toString('latin1'));
      serve(socket, chunk);
    });
  });
  return { port: await listen(made), heard };
}

async function ask(port: number): Promise<unknown> {
  return (await connect({ address: `127.0.0.1:${port}`, keyFile, timeoutMs: 10_000 })).health();
}

async function failure(port: number): Promise<WormholeError> {
  const error = await ask(port).catch((reason: unknown) => reason);
  if (!WormholeError.is(error)) throw new Error(`no failure: ${inspect(error)}`);
  return error;
}

describe('a client of a TCP address', () => {
  test('talks to a server that holds the key', async () => {
    const { port, heard } = await tlsServer({ ...tlsProfile, ca: [], pskCallback: () => psk });
    expect(await ask(port)).toEqual(answer);
    expect(heard.join('')).toContain('GET /v1/health HTTP/1.1');
  });

  test('XT14 is told by the server that its key is another one, and says which file to look at', async () => {
    const { port } = await tlsServer({ ...tlsProfile, ca: [], pskCallback: () => randomBytes(32) });
    const error = await failure(port);
    expect(error).toMatchObject({ code: 'WH_ERR_PEER_AUTH', exitCode: 77 });
    expect(error.message).toContain(keyFile);
  });

  test('A12 refuses a man in the middle with a self-signed certificate, whatever the environment says', async () => {
    const { port, heard } = await tlsServer({ ...certificate, minVersion: 'TLSv1.3' });
    expect(await failure(port)).toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await failure(port)).toMatchObject({ code: 'WH_ERR_PEER_AUTH' });
    expect(heard).toEqual([]);
  });

  test('A12 refuses a certificate of an authority that this machine trusts', async () => {
    // What is trusted from outside comes by NODE_EXTRA_CA_CERTS, which is read when a process starts.
    const { port, heard } = await tlsServer({ ...certificate, minVersion: 'TLSv1.3' });
    const program = `
      const tls = require('node:tls');
      const ours = { ...${JSON.stringify(tlsProfile)}, pskCallback: () => ({ psk: Buffer.alloc(32), identity: 'wormhole' }) };
      const common = { host: '127.0.0.1', port: ${port}, ALPNProtocols: ['http/1.1'] };
      const once = (options) => new Promise((done) => {
        const socket = tls.connect({ ...common, ...options }, () => { socket.destroy(); done('trusted'); });
        socket.on('error', (error) => done(error.code));
      });
      once({}).then((theirs) => once(ours).then((us) => console.log(JSON.stringify([theirs, us]))));`;
    const output = await new Promise<string>((resolve, reject) => {
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem') };
      execFile(process.execPath, ['-e', program], { env }, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
    // The same certificate convinces an ordinary client, and not one with our profile.
    expect(JSON.parse(output)).toEqual(['trusted', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
    expect(heard).toEqual([]);
  });

  test('A13 never speaks TLS 1.2, not even with the key', async () => {
    const ciphers = 'PSK-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256';
    const { port, heard } = await tlsServer({ ...certificate, maxVersion: 'TLSv1.2', ciphers, pskCallback: () => psk });
    expect(await failure(port)).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    expect(heard).toEqual([]);
  });

  test('A13 never falls back to clear text, and tells nothing to a server without TLS', async () => {
    const { port, heard } = await tcpServer((socket) => socket.end(health));
    expect(await failure(port)).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    expect(heard).not.toEqual([]);
    expect(heard.join('')).not.toContain('GET /v1/health');
    expect(heard.join('')).not.toContain(keyText);
  });

  test('refuses a server that does not agree on HTTP', async () => {
    const profile = { ...tlsProfile, ca: [], pskCallback: () => psk };
    const { port, heard } = await tlsServer({ ...profile, ALPNProtocols: [] });
    expect(await failure(port)).toHaveProperty('code');
    expect(heard).toEqual([]);
  });

  test('that is hung up on says that there may be no daemon', async () => {
    const { port } = await tcpServer((socket) => socket.destroy());
    expect(await failure(port)).toMatchObject({ code: 'WH_ERR_DAEMON_UNREACHABLE' });
  });

  test('that is kept waiting in the handshake gives up', async () => {
    const { port } = await tcpServer(() => {});
    const client = await connect({ address: `127.0.0.1:${port}`, keyFile, timeoutMs: 100 });
    await expect(client.health()).rejects.toMatchObject({ code: 'WH_ERR_TIMEOUT' });
  });

  test('whose daemon is down says how to start it', async () => {
    const { port } = await tcpServer(() => {});
    await new Promise((done) => server?.close(done));
    server = undefined;
    const error = await failure(port);
    expect(error).toMatchObject({ code: 'WH_ERR_DAEMON_UNREACHABLE' });
    expect(error.message).toContain(`tcp://127.0.0.1:${port}; is wormholed running?`);
  });

  test('A7 with a key file that breaks a rule does not even connect', async () => {
    const { port, heard } = await tcpServer(() => {});
    const bad = join(dir, 'bad.secret');
    for (const [content, mode] of [
      ['', 0o600],
      ['  \n', 0o600],
      ['short', 0o600],
      [keyText, 0o644],
    ] as const) {
      rmSync(bad, { force: true });
      writeFileSync(bad, content, { mode });
      const client = await connect({ address: `127.0.0.1:${port}`, keyFile: bad });
      await expect(client.health()).rejects.toMatchObject({ code: 'WH_ERR_KEY_FILE' });
    }
    const missing = await connect({ address: `127.0.0.1:${port}`, keyFile: join(dir, 'none') });
    await expect(missing.health()).rejects.toMatchObject({ code: 'WH_ERR_KEY_FILE' });
    expect(heard).toEqual([]);
  });

  test('A10 the key is in no error and no property of the client', async () => {
    const { port } = await tlsServer({ ...tlsProfile, ca: [], pskCallback: () => randomBytes(32) });
    const client = await connect({ address: `127.0.0.1:${port}`, keyFile });
    const error = await failure(port);
    const shown = inspect([client, error, error.cause], { depth: 9, showHidden: true });
    expect(shown).not.toContain(keyText);
    expect(shown).not.toContain(Buffer.from(psk).toString('hex'));
  });
});

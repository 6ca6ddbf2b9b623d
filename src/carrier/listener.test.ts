/**
 * The port in its own thread: descriptors handed over, the worker's life and death.
 *
 * Node 20 cannot run the worker from source, so it is compiled first, into a folder of its own.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closed, tcpPeer, tlsFriend, tlsPeer, untilEnd } from '../../test/support/carrier-peer.ts';
import type { WormholeError } from '../lib/errors.ts';
import { Secret } from '../lib/secret.ts';
import type { CarrierOptions } from './carrier-options.ts';
import type { CarrierEvent } from './events.ts';
import { type CarrierListener, startCarrierListener } from './listener.ts';
import type { CarrierPeer } from './peer.ts';

const root = resolve(import.meta.dirname, '../..');
const key = randomBytes(32);
const keys = new Map([['wormhole', new Secret(key)]]);
let dir: string;
let entry: URL;

beforeAll(() => {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  dir = mkdtempSync(join(cache, 'carrier-test-'));
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { noCheck: true, rootDir: join(root, 'src'), outDir: join(dir, 'out'), declaration: false },
    include: [join(root, 'src/daemon/carrier/worker.ts')],
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config));
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', dir], { stdio: 'inherit' });
  entry = pathToFileURL(join(dir, 'out/daemon/carrier/worker.js'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Daemon {
  readonly listener: CarrierListener;
  readonly port: number;
  readonly peers: CarrierPeer[];
  readonly events: CarrierEvent[];
  readonly failures: WormholeError[];
}

/** A carrier whose connections a real HTTP server answers, as the daemon's does. */
async function daemon(options: Partial<CarrierOptions> = {}): Promise<Daemon> {
  const peers: CarrierPeer[] = [];
  const events: CarrierEvent[] = [];
  const failures: WormholeError[] = [];
  const http = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => response.end(`${request.method} ${request.url}`));
  });
  const listener = await startCarrierListener({
    addresses: [{ host: '127.0.0.1', port: 0 }],
    keys,
    entry,
    own: { role: 'daemon', instance: '0'.repeat(16), host: '0'.repeat(16), name: 'test', version: '0' },
    onHttp: (plain, peer) => {
      peers.push(peer);
      http.emit('connection', new Socket({ fd: plain.release(), allowHalfOpen: true }));
    },
    onEvent: (event) => events.push(event),
    onFailure: (error) => failures.push(error),
    ...options,
  });
  return { listener, port: listener.addresses[0]?.port ?? 0, peers, events, failures };
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: wormhole\r\nConnection: close\r\n\r\n`;
const fds = (): number => readdirSync('/proc/self/fd').length;

describe('startCarrierListener', () => {
  test('hands HTTP connections over in the clear, with the identity of their peer', async () => {
    const { listener, port, peers, failures } = await daemon();
    expect(listener.addresses).toEqual([{ host: '127.0.0.1', port }]);
    const stream = await tlsFriend({ port, key });
    const answer = untilEnd(stream);
    stream.write(request('/one'));
    expect((await answer).toString()).toMatch(/^HTTP\/1.1 200 OK[\s\S]*GET \/one$/);
    expect(peers).toEqual([{ identity: 'wormhole', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }]);
    await closed(stream);
    await listener.close(1_000);
    await expect(tcpPeer(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(failures).toEqual([]);
  });

  test('a thousand connections leave the number of descriptors flat', async () => {
    const { listener, port } = await daemon();
    const talk = async (): Promise<void> => {
      const stream = await tlsFriend({ port, key });
      const answer = untilEnd(stream);
      stream.write(request('/'));
      await answer;
      await closed(stream);
    };
    await talk();
    const before = fds();
    for (let i = 0; i < 100; i += 1) await Promise.all(Array.from({ length: 10 }, talk));
    await expect.poll(fds).toBeLessThanOrEqual(before + 2);
    await listener.close(1_000);
  });

  test('an address in use is told, the others are closed, the thread is gone', async () => {
    const { listener, port } = await daemon();
    const before = fds();
    const taken = { host: '127.0.0.1', port };
    await expect(daemon({ addresses: [{ host: '127.0.0.1', port: 0 }, taken] })).rejects.toMatchObject({
      code: 'WH_ERR_LISTEN',
      message: expect.stringContaining(`127.0.0.1:${port}: another program uses it`),
    });
    await expect(daemon({ addresses: [{ host: '192.0.2.1', port: 0 }] })).rejects.toMatchObject({
      code: 'WH_ERR_LISTEN',
      detail: { reason: 'EADDRNOTAVAIL' },
    });
    expect(fds()).toBeLessThanOrEqual(before);
    await listener.close(0);
  });

  test.each(['', '::', '0.0.0.0'])('the wildcard "%s" takes IPv4 too', async (host) => {
    const { listener, port } = await daemon({ addresses: [{ host, port: 0 }] });
    (await tlsFriend({ port, key })).destroy();
    await listener.close(0);
  });

  test('IPv6 peers are let in, and named with brackets', async () => {
    const { listener, port, peers } = await daemon({ addresses: [{ host: '::1', port: 0 }] });
    const socket = connect({ host: '::1', port });
    await once(socket, 'connect');
    const stream = await tlsFriend({ port, key, socket });
    const answer = untilEnd(stream);
    stream.write(request('/six'));
    await answer;
    expect(peers).toMatchObject([{ address: expect.stringMatching(/^\[::1\]:\d+$/) }]);
    stream.destroy();
    await listener.close(0);
  });

  test('a worker that dies is reported once; nothing of it is left', async () => {
    const fatal = join(dir, 'out/daemon/carrier/fatal.js');
    const word = join(dir, 'die');
    const dies = `setInterval(() => { if (existsSync(${JSON.stringify(word)})) throw new Error('worker bug'); }, 10);`;
    writeFileSync(fatal, `import { existsSync } from 'node:fs';\nimport './worker.js';\n${dies}\n`);
    const { failures, port, listener } = await daemon({ entry: pathToFileURL(fatal) });
    const stream = await tlsFriend({ port, key });
    writeFileSync(word, '');
    await closed(stream);
    await expect.poll(() => failures.map((error) => error.code)).toEqual(['WH_ERR_INTERNAL']);
    expect(failures[0]?.cause).toMatchObject({ message: 'worker bug' });
    await listener.close(0);
    expect(failures).toHaveLength(1);
  });

  test('a worker that does not even start fails the start', async () => {
    const broken = join(dir, 'out/daemon/carrier/broken.js');
    writeFileSync(broken, "throw new Error('no start');\n");
    await expect(daemon({ entry: pathToFileURL(broken) })).rejects.toMatchObject({ code: 'WH_ERR_INTERNAL' });
  });

  test('close ends connections that outlive the drain', async () => {
    const { listener, port, peers } = await daemon();
    const stream = await tlsFriend({ port, key });
    stream.write('GET / HTTP/1.1\r\nHost: wormhole\r\n'); // and never the rest
    // Before the last word of the handshake has arrived it would be ended at once.
    await expect.poll(() => peers.length).toBe(1);
    const end = once(stream, 'end');
    await Promise.all([listener.close(100), end]);
  });

  test('keys can be replaced', async () => {
    const { listener, port } = await daemon();
    const next = randomBytes(32);
    await listener.replaceKeys(new Map([['wormhole', new Secret(next)]]));
    // With the very next handshake.
    expect(await tlsPeer({ port, key: next })).toHaveProperty('stream');
    expect(await tlsPeer({ port, key })).toHaveProperty('error');
    await listener.close(0);
  });

  test('A10 the key is in no argument, environment, event or error', async () => {
    const { listener, port, events, failures } = await daemon();
    await tlsPeer({ port, key: randomBytes(32) });
    await expect.poll(() => events).toMatchObject([{ kind: 'handshake-failed', reason: 'wrong-key' }]);
    const process = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/self/${file}`, 'latin1'));
    const shown = [...process, inspect([listener, events, failures, keys], { depth: 9, showHidden: true })].join('\n');
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(shown.includes(key.toString(encoding))).toBe(false);
    }
    expect(shown).not.toContain(key.subarray(0, 8).join(', '));
    await listener.close(0);
  });
});

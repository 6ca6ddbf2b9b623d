/**
 * `connect`: curl names the destination, and real daemons take it there, from this machine, out of a namespace, from a peer.
 *
 *     curl ──► a (127.0.0.1) ──► here · ip netns blue · link ──► b (127.0.0.2) ──► there
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { dialRoute, untilEnd } from '../support/connect-route.ts';
import { connectHead, socksRequest } from '../support/connect-world.ts';
import { Daemon } from '../support/daemon.ts';

const BULK = 16 << 20;
const bulk = Buffer.alloc(BULK, 'wormhole');

/** Says how much it was sent, and what that is; `/bulk` is much. */
async function webServer(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((request, response) => {
    if (request.url === '/bulk') return void response.end(bulk);
    const digest = createHash('sha256');
    request.on('data', (chunk: Buffer) => digest.update(chunk));
    request.on('end', () => response.end(`${request.method} ${digest.digest('hex')}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

async function curl(...words: string[]): Promise<string> {
  const always = ['--silent', '--show-error', '--noproxy', '', '--max-time', '60'];
  return await command('curl', [...always, ...words]).catch((error: Error) => error.message);
}

const manners: readonly (readonly [string, (port: number) => string[]])[] = [
  ['--proxytunnel', (port) => ['--proxytunnel', '--proxy', `http://127.0.0.1:${port}`]],
  ['--socks5-hostname', (port) => ['--socks5-hostname', `127.0.0.1:${port}`]],
  ['--socks5', (port) => ['--socks5', `127.0.0.1:${port}`]],
];

describe('connect', () => {
  let a: Daemon;
  let b: Daemon;
  let web: Awaited<ReturnType<typeof webServer>>;
  let upload: string;
  beforeAll(async () => {
    a = await Daemon.start({ flags: ['-H', '127.0.0.1:9998'] });
    b = await Daemon.start({ key: a.of.key, flags: ['-H', '127.0.0.2:9999'] });
    web = await webServer();
    upload = join(a.of.folder, 'upload');
    writeFileSync(upload, bulk);
  });
  afterAll(async () => {
    web.server.close();
    web.server.closeAllConnections();
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  });

  test.each([
    ['from this machine', 'url :0 tail connect'],
    ['from a peer', 'url :0 remote 127.0.0.2 tail connect'],
  ])('%s: curl reaches what it names in every way that it has, and every byte of it', async (_, spec) => {
    const made = await a.create(spec);
    const digest = createHash('sha256').update(bulk).digest('hex');
    for (const [, through] of manners) {
      const url = `http://localhost:${web.port}`;
      const up = ['--data-binary', `@${upload}`, '--header', 'Expect:'];
      expect(await curl(...through(made.port), ...up, url)).toBe(`POST ${digest}`);
      const down = ['--output', '/dev/null', '--write-out', '%{size_download}'];
      expect(await curl(...through(made.port), ...down, `${url}/bulk`)).toBe(String(BULK));
    }
    await a.json('delete', made.id);
  });

  test.each([
    ['from this machine', 'url :0 tail connect'],
    ['from a peer', 'url :0 remote 127.0.0.2 tail connect'],
  ])('A17 %s: the control ports and the metadata service are no destination, by any name', async (_, spec) => {
    const made = await a.create(spec);
    const port = spec.includes('remote') ? 9999 : 9998;
    const forbidden = [`127.0.0.1:${port}`, `localhost:${port}`, `[::ffff:127.0.0.1]:${port}`, '169.254.169.254:80'];
    for (const destination of [...forbidden, '[::ffff:169.254.169.254]:80', '[::169.254.169.254]:80']) {
      expect(await status(made.port, destination)).toBe('403');
    }
    expect(await status(made.port, '127.0.0.1:1')).toBe('502');
    expect(await status(made.port, 'nowhere.invalid:80')).toBe('502');
    expect(await status(made.port, `127.0.0.1:${web.port}`)).toBe('200');
    await a.json('delete', made.id);
  });

  test.each([
    ['HTTP', (port: number) => Buffer.from(connectHead(`127.0.0.1:${port}`)), 39],
    ['SOCKS5', (port: number) => socksRequest('127.0.0.1', port), 12],
  ])('Q2 %s through a peer: early bytes arrive, and a half-close costs no answer', async (_, open, answerLength) => {
    const made = await a.create('url :0 remote 127.0.0.2 tail connect');
    const client = await dialRoute(made.port);
    client.end(Buffer.concat([open(web.port), Buffer.from('GET / HTTP/1.0\r\n\r\n')]));
    const answer = (await untilEnd(client)).subarray(answerLength).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*GET [0-9a-f]{64}$/);
    await a.json('delete', made.id);
  });

  test('who may is a file, judged at create and read again when it changes; a peer may not name one', async () => {
    const auth = join(a.of.folder, 'users');
    const url = `http://127.0.0.1:${web.port}/`;
    await expect(a.create(`url :0 tail connect auth ${auth}`)).rejects.toThrow(/does not exist/);
    writeFileSync(auth, 'alice:se:cret\n', { mode: 0o644 });
    await expect(a.create(`url :0 tail connect auth ${auth}`)).rejects.toThrow(/chmod 600/);
    await command('chmod', ['600', auth]);
    const made = await a.create(`url :0 tail connect auth ${auth}`);
    for (const [, through] of manners) {
      const words = through(made.port);
      expect(await curl(...words, '--proxy-user', 'alice:se:cret', url)).toMatch(/^GET /);
      expect(await curl(...words, '--proxy-user', 'alice:wrong', url)).toMatch(/exit (56|97)/);
      expect(await curl(...words, url)).toMatch(/exit (56|97)/);
    }
    writeFileSync(auth, 'bob:se:cret\n');
    const [, through] = manners[0] ?? ['', () => []];
    expect(await curl(...through(made.port), '--proxy-user', 'alice:se:cret', url)).toMatch(/exit 56/);
    expect(await curl(...through(made.port), '--proxy-user', 'bob:se:cret', url)).toMatch(/^GET /);
    await a.json('delete', made.id);
    await expect(a.create(`url :0 remote 127.0.0.2 tail connect auth ${auth}`)).rejects.toThrow(/names a file/);
  });
});

/** What a CONNECT for `destination` is answered. */
async function status(port: number, destination: string): Promise<string> {
  const client = await dialRoute(port);
  client.end(connectHead(destination));
  const answer = String(await untilEnd(client));
  client.destroy();
  return answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3);
}

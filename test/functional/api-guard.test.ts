/**
 * The door of the control API on a real daemon: who may ask (A1–A4), and how slowly (A23).
 *
 *   test ──┬── its socket ──────────────┬── wormholed
 *          └── 127.0.0.1:9999 (TLS-PSK) ┘   all in a namespace of the file's own
 */
import { once } from 'node:events';
import { lstatSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { converse } from '../support/api-call.ts';
import { Daemon } from '../support/daemon.ts';
import { at } from '../support/local.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const ask = (head: string): Promise<string> => converse(daemon.of.socket, `${head}connection: close\r\n\r\n`);

describe('A1 the control port', () => {
  test('does not answer who has no key: plain HTTP gets nothing', async () => {
    const answer = await converse(connect(at(9999)), 'GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(answer).not.toContain('HTTP/1.1');
    expect(answer).not.toContain('wormhole');
  });

  test('does not answer TLS with certificates, or with another key', async () => {
    for (const psk of [undefined, Buffer.alloc(32, 1)]) {
      const raw = connect(at(9999));
      await once(raw, 'connect');
      const secure = connectTls({
        socket: raw,
        ALPNProtocols: ['http/1.1'],
        minVersion: 'TLSv1.3',
        rejectUnauthorized: false,
        ...(psk !== undefined && {
          pskCallback: () => ({ psk, identity: 'wormhole' }),
          ciphers: 'TLS_AES_128_GCM_SHA256',
        }),
      });
      let answer = '';
      secure.on('data', (chunk) => (answer += String(chunk)));
      secure.on('error', () => undefined);
      secure.write('GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n');
      await new Promise((resolve) => secure.once('close', resolve));
      expect(answer).toBe('');
    }
    expect((await daemon.ask('/v1/health')).status).toBe(200);
  });

  test('is bound where it was told, and nowhere else', () => {
    const listeners = readFileSync(`/proc/${daemon.pid}/net/tcp`, 'utf8').match(
      /[0-9A-F]{8}:[0-9A-F]{4} 00000000:0000 0A/g,
    );
    expect(listeners).toEqual(['0100007F:270F 00000000:0000 0A']);
  });
});

describe('A2 DNS rebinding', () => {
  test.each([
    'evil.example',
    'EVIL.EXAMPLE.:9999',
    '0.0.0.0:9999',
    '[::]',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ])('Host: %s is refused, whatever the path', async (host) => {
    for (const path of ['/v1/health', '/v1/openapi.json', '/nope', '/v1/%zz']) {
      expect(await ask(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  test.each(['localhost', 'LOCALHOST.:1', '127.0.0.1:9999', '[::1]:9999', 'wormhole'])(
    'Host: %s is answered',
    async (host) => {
      expect(await ask(`GET /v1/health HTTP/1.1\r\nhost: ${host}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  test('without a Host nothing is answered', async () => {
    expect(await ask('GET /v1/health HTTP/1.1\r\n')).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(await ask('GET /v1/health HTTP/1.0\r\n')).toMatch(/^HTTP\/1\.1 40[03] /);
  });
});

describe('A3 requests of browsers', () => {
  const words = '{"words":["id","csrf","url",":8080","tail","url",":8081"]}';

  test.each([
    'origin: null',
    'origin: http://localhost:9999',
    'referer: http://localhost/',
    'sec-fetch-site: same-origin',
    'content-type: text/plain',
    'content-type: application/x-www-form-urlencoded',
    'content-type: multipart/form-data; boundary=a',
  ])('with %s change nothing', async (header) => {
    const type = header.startsWith('content-type') ? '' : 'content-type: application/json\r\n';
    const head = `POST /v1/wormholes HTTP/1.1\r\nhost: localhost\r\n${header}\r\n${type}content-length: ${words.length}\r\n`;
    const answer = await converse(daemon.of.socket, `${head}\r\n${words}`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer.toLowerCase()).not.toContain('access-control');
    expect((await daemon.ask('/v1/wormholes')).text).toBe('{"wormholes":[]}');
  });

  test('OPTIONS never succeeds, and nothing ever allows another origin', async () => {
    for (const path of ['/v1/wormholes', '*', '/']) {
      const head = `OPTIONS ${path} HTTP/1.1\r\nhost: localhost\r\n`;
      const answer = await ask(head);
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      expect(answer.toLowerCase()).not.toContain('\r\nallow');
    }
  });

  test('GET changes nothing', async () => {
    for (const path of ['/v1/wormholes?words=url', '/v1/wormholes/csrf?now=true', '/v1/ping']) await daemon.ask(path);
    expect((await daemon.ask('/v1/wormholes')).text).toBe('{"wormholes":[]}');
  });
});

describe('A4 containers', () => {
  test('find no abstract socket, and no door that others may open', () => {
    const own = readFileSync(`/proc/${daemon.pid}/net/unix`, 'utf8');
    expect(own.split('\n').filter((line) => /\s@/.test(line) && line.includes('wormhole'))).toEqual([]);
    expect(lstatSync(daemon.of.socket).mode & 0o777).toBe(0o660);
  });
});

describe('A23 slow clients', () => {
  test('that do not finish in time, also by trickling, are closed, and others are served meanwhile', async () => {
    const slow = [
      '',
      'GET /v1/hea',
      'GET /v1/health HTTP/1.1\r\nhost: localhost\r\n',
      'POST /v1/ping HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
    ].map((start) => converse(daemon.of.socket, start));
    const trickling = connect({ path: daemon.of.socket });
    slow.push(converse(trickling, 'GET /v1/health HTTP/1.1\r\nhost: localhost\r\n'));
    const trickle = setInterval(() => trickling.write('x: y\r\n'), 300);
    trickling.once('close', () => clearInterval(trickle));
    expect((await daemon.ask('/v1/health')).status).toBe(200);
    for (const answer of await Promise.all(slow)) expect(answer).not.toContain('HTTP/1.1 200');
  });

  test('that are too many are turned away; the rest is served again when they have gone', async () => {
    const crowd = Array.from({ length: 600 }, () => connect({ path: daemon.of.socket }).on('error', () => undefined));
    await until('some are closed', () => crowd.some((socket) => socket.closed));
    for (const socket of crowd) socket.destroy();
    await until('it serves again', async () => {
      return (await daemon.ask('/v1/health').catch(() => undefined))?.status === 200;
    });
  });
});

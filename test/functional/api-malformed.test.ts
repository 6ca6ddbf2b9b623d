/**
 * XT10: whatever is sent to the control API, the daemon lives on and answers the next one.
 *
 *   test ──bytes──► its socket ── wormholed
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { converse } from '../support/api-call.ts';
import { Daemon } from '../support/daemon.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const host = 'host: wormhole\r\n';
const json = `${host}content-type: application/json\r\n`;

/** Pieces that a request may be made of, whole or broken. */
const piece = fc.oneof(
  fc.constantFrom(
    'GET /v1/health HTTP/1.1\r\n',
    'POST /v1/wormholes HTTP/1.1\r\n',
    'DELETE /v1/wormholes/x HTTP/1.1\r\n',
    'HTTP/1.1 200 OK\r\n',
    host,
    'content-length: 5\r\n',
    'content-length: -1\r\n',
    'transfer-encoding: chunked\r\n',
    'expect: 100-continue\r\n',
    'connection: upgrade\r\nupgrade: h2c\r\n',
    'content-type: application/json\r\n',
    '\r\n',
    '\n',
    '5\r\nhello\r\n',
    'ffffffffffffffff\r\n',
    '{"words":["url",":1"]}',
    '[[[[[[',
    '\0',
  ),
  fc.string({ maxLength: 40 }),
);

async function alive(): Promise<void> {
  expect((await daemon.ask('/v1/health')).status).toBe(200);
  expect(daemon.alive).toBe(true);
}

describe('XT10', () => {
  test.each([
    ['nothing', ''],
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS hello', '\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /v1/health\r\n'],
    ['a method that does not exist', `BREW /v1/health HTTP/1.1\r\n${host}\r\n`],
    ['CONNECT', `CONNECT 127.0.0.1:22 HTTP/1.1\r\n${host}\r\n`],
    ['an upgrade', `GET /v1/health HTTP/1.1\r\n${host}connection: upgrade\r\nupgrade: websocket\r\n\r\n`],
    [
      'A16 both lengths',
      `POST /v1/ping HTTP/1.1\r\n${json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['A16 two lengths', `POST /v1/ping HTTP/1.1\r\n${json}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ['A16 bare line feeds', `GET /v1/health HTTP/1.1\nhost: wormhole\n\n`],
    ['A16 a folded header', `GET /v1/health HTTP/1.1\r\nhost: wormhole\r\n evil\r\n\r\n`],
    ['A16 two hosts', `GET /v1/health HTTP/1.1\r\n${host}host: evil\r\n\r\n`],
    ['a header name with a blank', `GET /v1/health HTTP/1.1\r\n${host}x y: z\r\n\r\n`],
    ['a path with control characters', `GET /v1/\u0001\u007f HTTP/1.1\r\n${host}\r\n`],
    ['a path that climbs', `GET /v1/wormholes/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n${host}connection: close\r\n\r\n`],
    ['a path of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`],
    ['20 KB of headers', `GET /v1/health HTTP/1.1\r\n${host}x: ${'y'.repeat(20_000)}\r\n\r\n`],
    ['a bad chunk', `POST /v1/ping HTTP/1.1\r\n${json}transfer-encoding: chunked\r\n\r\nzz\r\n`],
    ['a body that is too long', `POST /v1/ping HTTP/1.1\r\n${json}content-length: 99999999999\r\n\r\n{`],
    ['a negative length', `POST /v1/ping HTTP/1.1\r\n${json}content-length: -1\r\n\r\n`],
  ])('%s does not get through, and is closed', async (_, bytes) => {
    const answer = await converse(daemon.of.socket, bytes, true);
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 (?:4|5)\d\d /);
    await alive();
  });

  test.each([
    ['{"words":["url",":1"'],
    ['{"words":{"0":"url"}}'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['{"words":["\\ud800"]}'],
    ['{"words":["\\u0000","url"]}'],
    ['{"words":["url","\\r\\nHost: evil"]}'],
    ['{"words":["url","unix:///../../etc/passwd","tail","url","unix:///\\u0000"]}'],
    ['{"words":["id","../../etc/x","url",":1","tail","url",":2"]}'],
    [JSON.stringify({ words: Array.from({ length: 4096 }, () => 'tail') })],
    [JSON.stringify({ words: ['url', `${'x'.repeat(65_536)}:80`] })],
  ])('the spec %.40s is refused with a problem', async (body) => {
    const headers = `${json}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n`;
    const answer = await converse(daemon.of.socket, `POST /v1/wormholes HTTP/1.1\r\n${headers}\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).toContain('application/problem+json');
    await alive();
  });

  test('requests that end in the middle leave nothing behind', async () => {
    for (const cut of [1, 10, 30, 60, 90, 120]) {
      const whole = `POST /v1/wormholes HTTP/1.1\r\n${json}content-length: 40\r\n\r\n{"words":["url",":1","tail","url",":2"]}`;
      const socket = connect({ path: daemon.of.socket });
      await new Promise((resolve) => socket.write(whole.slice(0, cut), resolve));
      socket.destroy();
    }
    await alive();
    expect((await daemon.ask('/v1/wormholes')).text).toBe('{"wormholes":[]}');
  });

  test('arbitrary bytes never end it', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await converse(daemon.of.socket, pieces.join(''), true);
        expect(daemon.alive).toBe(true);
      }),
      { numRuns: 150 },
    );
    await alive();
    expect(daemon.log).not.toContain('"level":"fatal"');
    expect(daemon.log).not.toContain('"level":"error"');
  });
});

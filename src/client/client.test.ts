/** The client against small servers on unix sockets that answer as a daemon would, or would not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { CONTROL_PORT, CONTROL_SOCKET } from '../spec/address.ts';
import { defaultPort, defaultSocketPath } from './endpoint.ts';
import { type Client, connect } from './index.ts';
import { type AnyShape, shapes } from './shapes.ts';

let dir: string;
let path: string;
let server: Server | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wormhole-client-'));
  path = join(dir, 's');
});
afterEach(async () => {
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Listens on `path`; `serve` gets each connection with the request's text once its body is there. */
async function daemon(serve: (socket: Socket, request: string) => void): Promise<Client> {
  server = createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length - head - 4 >= length) serve(socket, text);
    });
  });
  await new Promise<void>((done) => server?.listen(path, done));
  return connect({ address: `unix://${path}`, timeoutMs: 10_000 });
}

function json(value: unknown, status = '200 OK', type = 'application/json; charset=utf-8'): string {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Has whatever any endpoint must answer with. */
const samples = { string: '', number: 1, array: [], object: {}, anything: null };
const sampleOf = (want: AnyShape[string]): unknown => {
  if (typeof want === 'string') return samples[want];
  if (Array.isArray(want)) return [];
  return Object.fromEntries(Object.entries(want).map(([name, one]) => [name, sampleOf(one)]));
};
const everything = Object.assign({}, ...Object.values(shapes).map(sampleOf)) as object;

function line(msg: string): string {
  return `${JSON.stringify({ timeMs: 1, level: 'info', facts: {}, msg })}\n`;
}

async function failure(promise: Promise<unknown>): Promise<WormholeError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!WormholeError.is(error)) throw error;
  return error;
}

describe('Client', () => {
  test('ping sends a strict request to the socket and reports the time it took', async () => {
    let seen = '';
    const client = await daemon((socket, request) => {
      seen = request;
      socket.end(json({ payload: 'x', version: '1', instance: 'i', timeMs: 1 }));
    });
    const answer = await client.ping({ payload: 'x' });
    expect(answer).toMatchObject({ payload: 'x', version: '1' });
    expect(answer.rttMs).toBeGreaterThan(0);
    expect(seen.split('\r\n').slice(0, 7)).toEqual([
      'POST /v1/ping HTTP/1.1',
      'Host: wormhole',
      'Accept: application/json',
      'Connection: close',
      'Content-Type: application/json',
      'Content-Length: 15',
      '',
    ]);
    expect(client.address).toBe(`unix://${path}`);
  });

  test('every method asks for its endpoint', async () => {
    const seen: string[] = [];
    const client = await daemon((socket, request) => {
      seen.push(request.slice(0, request.indexOf(' HTTP/')));
      const ndjson = `HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n${line('one')}${line('two')}`;
      socket.end(
        request.includes('/v1/logs')
          ? ndjson
          : json({ ...everything, wormholes: request.includes('/v1/health') ? 1 : [] }),
      );
    });
    await client.health();
    await client.create(['url', ':1']);
    await client.list();
    await client.get('a/../b');
    await client.delete('a');
    await client.delete('a', { now: true });
    await client.stats();
    await client.stats('a b');
    await client.doctor();
    await client.containers();
    const lines = [];
    for await (const line of client.logs({ id: 'a&b', follow: true })) lines.push(line.msg);
    expect(lines).toEqual(['one', 'two']);
    expect(seen).toEqual([
      'GET /v1/health',
      'POST /v1/wormholes',
      'GET /v1/wormholes',
      'GET /v1/wormholes/a%2F..%2Fb',
      'DELETE /v1/wormholes/a',
      'DELETE /v1/wormholes/a?now=true',
      'GET /v1/stats',
      'GET /v1/wormholes/a%20b/stats',
      'GET /v1/doctor',
      'GET /v1/containers',
      'GET /v1/logs?id=a%26b&follow=true',
    ]);
  });

  test("a problem comes back as the daemon's error, code and facts kept", async () => {
    const problem = { code: 'WH_ERR_WORMHOLE_NOT_FOUND', detail: 'no wormhole "x"', facts: { id: 'x' } };
    const client = await daemon((socket) => socket.end(json(problem, '404 Not Found', 'application/problem+json')));
    const error = await failure(client.get('x'));
    expect(error).toMatchObject({ code: 'WH_ERR_WORMHOLE_NOT_FOUND', message: 'no wormhole "x"', detail: { id: 'x' } });
  });

  test('a problem ends a log stream before its first line', async () => {
    const problem = { code: 'WH_ERR_WORMHOLE_NOT_FOUND', detail: 'no wormhole "x"' };
    const client = await daemon((socket) => socket.end(json(problem, '404 Not Found', 'application/problem+json')));
    const first = client.logs({ id: 'x' })[Symbol.asyncIterator]().next();
    expect(await failure(first)).toMatchObject({ code: 'WH_ERR_WORMHOLE_NOT_FOUND' });
  });

  test('leaving a followed log closes its connection', async () => {
    let closed: Promise<unknown> | undefined;
    const client = await daemon((socket) => {
      closed = new Promise((done) => socket.once('close', done));
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.write(`${line('one').length.toString(16)}\r\n${line('one')}\r\n`);
    });
    for await (const line of client.logs({ follow: true })) {
      expect(line.msg).toBe('one');
      break;
    }
    await closed;
  });

  test('no daemon, no socket: unreachable, with the way to start one', async () => {
    const error = await failure((await connect({ address: `unix://${path}` })).health());
    expect(error).toMatchObject({ code: 'WH_ERR_DAEMON_UNREACHABLE', exitCode: 69 });
    expect(error.message).toContain('is wormholed running?');
    expect(error.message).toContain(path);
  });

  test('a stale socket file means the same as none', async () => {
    writeFileSync(path, '');
    const error = await failure((await connect({ socketPath: path })).health());
    expect(error.code).toBe('WH_ERR_DAEMON_UNREACHABLE');
  });

  test('a daemon that never answers ends in WH_ERR_TIMEOUT, a caller that leaves in WH_ERR_ABORTED', async () => {
    const client = await daemon(() => {});
    expect(await failure(client.health({ timeoutMs: 50 }))).toMatchObject({ code: 'WH_ERR_TIMEOUT' });
    const caller = new AbortController();
    const call = failure(client.health({ signal: caller.signal }));
    setImmediate(() => caller.abort());
    expect(await call).toMatchObject({ code: 'WH_ERR_ABORTED' });
    expect(await failure(client.health({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'WH_ERR_ABORTED' });
    const running = failure(client.health());
    await client[Symbol.asyncDispose]();
    expect(await running).toMatchObject({ code: 'WH_ERR_ABORTED' });
  });

  test.each([
    ['nothing at all', '', 'WH_ERR_DAEMON_UNREACHABLE'],
    ['half a head', 'HTTP/1.1 200 OK\r\nConte', 'WH_ERR_DAEMON_UNREACHABLE'],
    ['half a body', json({ long: 'body' }).slice(0, -3), 'WH_ERR_DAEMON_UNREACHABLE'],
    ['another protocol', '220 mail.example ESMTP\r\n', 'WH_ERR_PROTOCOL'],
    ['HTML', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>', 'WH_ERR_PROTOCOL'],
    ['an array', json([]).replace('[]', '3 '), 'WH_ERR_PROTOCOL'],
    ['broken JSON', json({}).replace('{}', '{,'), 'WH_ERR_PROTOCOL'],
    ['a failure that is no problem', json({ error: 'x' }, '500 Oops'), 'WH_ERR_PROTOCOL'],
    ['another shape', json({ version: 1, instance: 'i' }), 'WH_ERR_PROTOCOL'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n', 'WH_ERR_PROTOCOL'],
  ])('an answer of %s is an error that says so', async (_, answer, code) => {
    const client = await daemon((socket) => socket.end(answer));
    expect(await failure(client.health())).toMatchObject({ code });
  });

  test.each([
    ['nothing in a list', { wormholes: [null] }, 'wormholes[0]'],
    ['something else in a list', { wormholes: [1] }, 'wormholes[0]'],
    ['an entry without counters', { wormholes: [{ ...everything, stats: undefined }] }, 'wormholes[0].stats'],
    ['a counter in words', { wormholes: [{ ...everything, stats: { ...everything, bytesIn: '1' } }] }, 'stats.bytesIn'],
  ])('an answer with %s is told as that, and goes no further', async (_, answer, where) => {
    const client = await daemon((socket) => socket.end(json(answer)));
    const error = await failure(client.list());
    expect(error).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    expect(error.message).toContain(`${where}"; is that daemon of another version?`);
  });

  test('an address that cannot be read is wrong usage', async () => {
    await expect(connect({ address: 'http://x' })).rejects.toMatchObject({ code: 'WH_ERR_USAGE' });
  });

  test.each([
    ['db-host', 'tcp://db-host:9999'],
    ['[::1]:6666', 'tcp://[::1]:6666'],
    [':6666', 'tcp://127.0.0.1:6666'],
    ['unix://', 'unix:///run/wormhole/wormhole.sock'],
    ['unix://./s', 'unix://./s'],
  ])('the address %s means %s', async (address, meaning) => {
    expect((await connect({ address, socketPath: '/unused' })).address).toBe(meaning);
  });

  test('the defaults are those of the ADDR grammar', () => {
    expect(defaultPort).toBe(CONTROL_PORT);
    expect(defaultSocketPath).toBe(CONTROL_SOCKET);
  });

  test('an id can never change the path or add a request', async () => {
    let seen = '';
    const client = await daemon((socket, request) => {
      seen = request.split('\r\n')[0] ?? '';
      socket.end(json({ ...everything, wormhole: everything }));
    });
    await client.get('x HTTP/1.1\r\nHost: evil\r\n\r\nGET /?');
    expect(seen).toBe('GET /v1/wormholes/x%20HTTP%2F1.1%0D%0AHost%3A%20evil%0D%0A%0D%0AGET%20%2F%3F HTTP/1.1');
  });
});

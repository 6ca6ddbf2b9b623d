/** The door of the control API. */
import { describe, expect, test } from 'vitest';
import { type RequestHead, refusal } from './guard.ts';
import { allowedHosts, hostOf } from './host.ts';

const allowed = allowedHosts(['203.0.113.7', 'db-host', '0.0.0.0', '::', '']);

function head(method: string, url: string, headers: ReadonlyArray<readonly [string, string]>): RequestHead {
  const first = new Map<string, string>();
  for (const [name, value] of headers) if (!first.has(name.toLowerCase())) first.set(name.toLowerCase(), value);
  return { method, url, headers: Object.fromEntries(first), rawHeaders: headers.flat() };
}

const get = (...headers: Array<readonly [string, string]>): RequestHead =>
  head('GET', '/v1/health', [['Host', 'localhost'], ...headers]);
const post = (...headers: Array<readonly [string, string]>): RequestHead =>
  head('POST', '/v1/wormholes', [['Host', 'localhost'], ['Content-Length', '2'], ...headers]);

describe('A2 the Host header', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'LocalHost.:9999',
    'localhost:1',
    '127.0.0.1',
    '127.0.0.1:9999',
    '[::1]',
    '[::1]:9999',
    '[0:0:0:0:0:0:0:1]:9999',
    'wormhole',
    'wormholed:9999',
    '203.0.113.7:9999',
    'DB-host',
  ])('%s is ours', (host) => {
    expect(refusal(head('GET', '/', [['Host', host]]), allowed)).toBeUndefined();
  });

  test.each([
    'evil.example',
    'EVIL.example.',
    'evil.example:9999',
    'localhost.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    'evil.example, localhost',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:9999:9999',
    'localhost..',
    '127.0.0.1.evil.example',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '0.0.0.0',
    '0.0.0.0:9999',
    '[::]',
    '[::]:9999',
    '[::ffff:127.0.0.1]',
    '::1',
    '[::1',
    '[::1%lo]',
    '169.254.169.254',
    '',
    ' ',
    'localhost\t',
  ])('%j is refused before anything else', (host) => {
    expect(refusal(head('GET', '/', [['Host', host]]), allowed)?.status).toBe(403);
  });

  test('A16 given twice, or not at all, is refused', () => {
    expect(refusal(get(['host', 'localhost']), allowed)?.status).toBe(403);
    expect(refusal(head('GET', '/', []), allowed)?.status).toBe(403);
  });

  test('spellings of one host are one', () => {
    expect(hostOf('[2001:DB8::0:1]:80')).toBe('2001:db8::1');
    expect(allowedHosts(['2001:db8:0::1']).has('2001:db8::1')).toBe(true);
  });
});

describe('A3 a request that a browser could send across sites', () => {
  test.each([
    ['Origin', 'null'],
    ['ORIGIN', 'http://localhost:9999'],
    ['Referer', 'http://localhost/'],
    ['Sec-Fetch-Site', 'same-origin'],
    ['sec-fetch-mode', 'no-cors'],
    ['Sec-Fetch-Anything', ''],
    ['Access-Control-Request-Method', 'POST'],
  ])('with %s: %s is refused', (name, value) => {
    expect(refusal(get([name, value]), allowed)?.status).toBe(403);
    expect(refusal(post([name, value], ['Content-Type', 'application/json']), allowed)?.status).toBe(403);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/json',
    'application/json;charset=utf-7',
    'application/json, text/plain',
    'text/plain; application/json',
    '',
  ])('with a body of %j is refused', (type) => {
    expect(refusal(post(['Content-Type', type]), allowed)?.status).toBe(403);
  });

  test('with a body of no type, or an encoded one, is refused', () => {
    expect(refusal(post(), allowed)?.status).toBe(403);
    const encoded = post(['Content-Type', 'application/json'], ['Content-Encoding', 'gzip']);
    expect(refusal(encoded, allowed)?.status).toBe(403);
  });

  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=UTF-8',
    'application/json;charset="utf-8"',
  ])('does not have a body of %s', (type) => {
    expect(refusal(post(['Content-Type', type]), allowed)).toBeUndefined();
  });

  test.each(['OPTIONS', 'PUT', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'get'])('%s never succeeds', (method) => {
    expect(refusal(head(method, '/v1/health', [['Host', 'localhost']]), allowed)?.status).toBe(403);
  });

  test.each(['GET', 'HEAD', 'DELETE'])('%s has no body', (method) => {
    const headers = [
      ['Host', 'localhost'],
      ['Content-Type', 'application/json'],
    ] as const;
    expect(refusal(head(method, '/', [...headers, ['Content-Length', '2']]), allowed)?.status).toBe(403);
    expect(refusal(head(method, '/', [...headers, ['Transfer-Encoding', 'chunked']]), allowed)?.status).toBe(403);
    expect(refusal(head(method, '/', [...headers, ['Content-Length', '0']]), allowed)).toBeUndefined();
  });

  test.each(['http://localhost/v1/health', '*', 'localhost:9999', ''])('with the target %j is refused', (url) => {
    expect(refusal(head('GET', url, [['Host', 'localhost']]), allowed)?.status).toBe(403);
  });
});

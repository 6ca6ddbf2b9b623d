import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headLength, readConnect } from './http-head.ts';
import { Refused } from './refusal.ts';

const read = (head: string) => readConnect(Buffer.from(head, 'latin1'));

/** As a client's bytes meet it: where it ends, then what it says. */
function outcome(bytes: string): string {
  try {
    const buffer = Buffer.from(bytes, 'latin1');
    const length = headLength(buffer, 0);
    if (length === undefined) return 'incomplete';
    const { host, port } = readConnect(buffer.subarray(0, length)).destination;
    return `${host} ${port}`;
  } catch (error) {
    if (error instanceof Refused) return error.why;
    throw error;
  }
}

describe('a head', () => {
  test.each([
    ['CONNECT db:3306 HTTP/1.1\r\nHost: db:3306\r\n\r\n', 'db 3306'],
    ['CONNECT db:3306 HTTP/1.0\r\n\r\n', 'db 3306'],
    ['CONNECT db:3306 HTTP/1.1\r\nhost:DB\r\n\r\n', 'db 3306'],
    ['CONNECT [2001:DB8::0:1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n', '2001:db8::1 443'],
    ['CONNECT 10.0.0.7:1 HTTP/1.1\r\nHost: \t10.0.0.7:1 \r\nContent-Length: 0\r\n\r\n', '10.0.0.7 1'],
    ['CONNECT db:3306 HTTP/1.1\r\nHost: db\r\nX: \x80\xff\r\nEmpty:\r\n\r\nSSH-2.0\0\n', 'db 3306'],
  ])('%j leads to %s', (head, destination) => {
    expect(outcome(head)).toBe(destination);
  });

  test('is incomplete until its empty line, wherever it is cut', () => {
    const head = Buffer.from('CONNECT db:3306 HTTP/1.1\r\nHost: db\r\n\r\n');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: head.length - 1 }), fc.integer({ min: 0, max: 80 }), (cut, before) => {
        expect(headLength(head.subarray(0, cut), Math.min(before, cut))).toBeUndefined();
        expect(headLength(Buffer.concat([head, Buffer.from('x\0')]), cut)).toBe(head.length);
      }),
    );
  });

  test('of any bytes is a destination, a refusal or incomplete, and never anything else', () => {
    const pieces = fc.constantFrom('CONNECT', ' ', ':', '\r\n', '\n', 'Host', 'db:1', '[', ']', '@', '%', '\0', '80');
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 20 }), (parts) => {
        expect(outcome(parts.join(''))).toEqual(expect.any(String));
        expect(outcome(`CONNECT db:1 HTTP/1.1\r\nHost: db\r\n${parts.join('')}\r\n\r\n`)).toEqual(expect.any(String));
      }),
    );
  });

  test('A14 another method than CONNECT is refused, whatever its form', () => {
    const targets = ['http://db:80/', '/', '*', 'db:80', '//db'];
    const methods = ['GET', 'POST', 'OPTIONS', 'connect', 'CONNECTX', 'PRI', 'TRACE', 'CONNECT_'];
    for (const method of methods)
      for (const target of targets) expect(outcome(`${method} ${target} HTTP/1.1\r\n\r\n`)).toBe('method');
  });

  test('A15 an upgrade is no way past it: a CONNECT stays one, and another request is refused', () => {
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
    expect(outcome(`GET / HTTP/1.1\r\nHost: db\r\n${upgrade}\r\n`)).toBe('method');
    expect(outcome(`CONNECT db:80 HTTP/1.1\r\nHost: db\r\n${upgrade}\r\n`)).toBe('db 80');
    expect(outcome('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toBe('version');
  });

  const withLine = (line: string) => `CONNECT db:80 HTTP/1.1\r\nHost: db:80\r\n${line}\r\n\r\n`;
  test.each([
    ['a length of a body', withLine('Content-Length: 5')],
    ['two lengths', withLine('Content-Length: 0\r\nContent-Length: 0')],
    ['a list of lengths', withLine('Content-Length: 0, 0')],
    ['a signed length', withLine('Content-Length: +0')],
    ['a transfer coding', withLine('Transfer-Encoding: chunked')],
    ['both', withLine('Content-Length: 0\r\nTransfer-Encoding: identity')],
    ['a folded line', withLine('X: a\r\n b')],
    ['a line that begins with a blank', withLine(' X: a')],
    ['a blank before the colon', withLine('Transfer-Encoding : chunked')],
    ['no colon', withLine('nonsense')],
    ['no name', withLine(': a')],
    ['a bare LF', withLine('X: a\nY: b')],
    ['a bare CR', withLine('X: a\rY: b')],
    ['LF alone', 'CONNECT db:80 HTTP/1.1\nHost: db:80\n\n'],
    ['NUL', withLine('X: a\0b')],
    ['another control character', withLine('X: a\x0bb')],
    ['an empty line first', '\r\nCONNECT db:80 HTTP/1.1\r\nHost: db\r\n\r\n'],
    ['two blanks', 'CONNECT  db:80 HTTP/1.1\r\nHost: db\r\n\r\n'],
    ['a tab', 'CONNECT\tdb:80 HTTP/1.1\r\nHost: db\r\n\r\n'],
    ['a blank behind', 'CONNECT db:80 HTTP/1.1 \r\nHost: db\r\n\r\n'],
    ['no version', 'CONNECT db:80\r\n\r\n'],
    ['no Host', 'CONNECT db:80 HTTP/1.1\r\n\r\n'],
    ['two Host lines', withLine('Host: db:80')],
    ['another Host', 'CONNECT db:80 HTTP/1.1\r\nHost: admin:80\r\n\r\n'],
    ['another port in Host', 'CONNECT db:80 HTTP/1.1\r\nHost: db:81\r\n\r\n'],
    ['an empty Host', 'CONNECT db:80 HTTP/1.1\r\nHost:\r\n\r\n'],
    ['Host with a blank that is none', 'CONNECT db:80 HTTP/1.1\r\nHost:\xa0db\r\n\r\n'],
    ['two Proxy-Authorization lines', withLine('Proxy-Authorization: Basic YTpi\r\nProxy-Authorization: Basic YTpj')],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('A16 that two readers could take for different things is refused: %s', (_, head) => {
    expect(outcome(head)).toBe('malformed');
  });

  test.each(
    [
      ['127.1:80', '2130706433:80', '0x7f000001:80', '0x7f.0.0.1:80', '0177.0.0.1:80', '127.0.0.01:80'],
      ['0.0.0.0:80', '[::]:80', '[0:0:0:0:0:0:0:0]:80', '[::ffff:0.0.0.0]:80', '0:80', '127.0.0.1.:80', '1.2.3:80'],
    ].flat(),
  )('A17 an address that is written so that it reads as another is none: %s', (target) => {
    expect(outcome(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)).toBe('malformed');
  });

  test('A17 an IPv4 address inside of IPv6 keeps its one spelling, for the policy to see', () => {
    const target = '[::FFFF:169.254.169.254]:80';
    expect(outcome(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)).toBe('::ffff:a9fe:a9fe 80');
  });

  test.each(
    [
      ['db', 'db:', ':80', 'db:0', 'db:-1', 'db:+1', 'db:65536', 'db:70000', 'db:080', 'db:0x50', 'db:8 0', 'db:80:80'],
      [
        'db:99999999999999999999',
        'db:80/',
        'db:80?x',
        'db:80#x',
        'http://db:80',
        'http://db:80/',
        'db:http',
        'db:８０',
      ],
      ['root@db:80', 'root:pass@db:80', 'db@:80', 'd%62:80', 'db%00:80', 'd\\b:80', 'db,other:80', '*:80', 'd b:80'],
      ['::1:80', '[::1]', '[::1:80', '::1]:80', '[::1]80', '[fe80::1%eth0]:80', '[fe80::1%25eth0]:80', '[db]:80'],
      ['[127.0.0.1]:80', '[]:80', '[::1]]:80', '[[::1]]:80', '-db:80', 'db-.example:80', '.db:80', 'db..example:80'],
      [`${'a'.repeat(64)}:80`, `${'a.'.repeat(127)}a:80`, `${'a'.repeat(5000)}:80`, 'bücher.example:80', 'db\x7f:80'],
    ].flat(),
  )('A18 a destination that is not exactly HOST:PORT is refused: %j', (target) => {
    expect(outcome(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)).toBe('malformed');
    expect(outcome(`CONNECT ${target} HTTP/1.0\r\n\r\n`)).toBe('malformed');
  });

  test('keeps what stood behind Proxy-Authorization, and no other line', () => {
    const { authorization } = read('CONNECT db:1 HTTP/1.0\r\nAuthorization: Basic eDp5\r\n\r\n');
    expect(authorization).toBeUndefined();
    const head = 'CONNECT db:1 HTTP/1.0\r\nAuthorization: Basic eDp5\r\nPROXY-authorization:  Basic YTpi \r\n\r\n';
    expect(read(head).authorization).toBe('Basic YTpi');
  });
});

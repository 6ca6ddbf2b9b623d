import { execFileSync } from 'node:child_process';
import { SocketAddress } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Netns } from '../../test/support/netns.ts';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';
import { decodeIp, encodeIp, encodeUnix, formatIp, SOCKADDR_MAX, UNIX_PATH_MAX } from './sockaddr.ts';

const port = fc.integer({ min: 0, max: 65_535 });
/** Groups of an IPv6 address, zeros frequent so that runs of all lengths and places occur. */
const groups = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});
const plain = (words: readonly number[]): string => words.map((word) => word.toString(16)).join(':');
const mapped = (words: readonly number[]): boolean =>
  words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;

/** Canonical text by Node's own parser of URLs (WHATWG, same compression rule as RFC 5952). */
const canonical = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);

const through = (host: string, port = 0): string | undefined => decodeIp(encodeIp({ host, port }))?.host;

describe('IPv4 sockaddr', () => {
  test('what is encoded is decoded again', () => {
    fc.assert(
      fc.property(fc.ipV4(), port, (host, port) => {
        expect(decodeIp(encodeIp({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  test('the bytes are those of ip(7)', () => {
    const bytes = encodeIp({ host: '192.0.2.33', port: 3306 });
    expect(bytes.toString('hex')).toBe('02000ceac00002210000000000000000');
    expect(bytes.readUInt16LE(0)).toBe(AF_INET);
  });
});

describe('IPv6 sockaddr', () => {
  test('what is encoded is decoded again, in the one text of RFC 5952', () => {
    fc.assert(
      fc.property(groups, port, (words, port) => {
        fc.pre(!mapped(words));
        expect(decodeIp(encodeIp({ host: plain(words), port }))).toEqual({ host: canonical(plain(words)), port });
      }),
      { numRuns: 1000 },
    );
  });

  test('every way to write an address means the same bytes as to Node', () => {
    fc.assert(
      fc.property(fc.ipV6(), (host) => {
        const node = new SocketAddress({ address: host, family: 'ipv6' }).address;
        expect(encodeIp({ host, port: 0 })).toEqual(encodeIp({ host: node, port: 0 }));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], // the longest run
    ['0:0:1:2:3:0:0:4', '::1:2:3:0:0:4'], // the first of equal runs
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'], // a single zero stays
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:DB8::00FF', '2001:db8::ff'],
    ['10:0:0:100:0:0:0:1', '10:0:0:100::1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is shown as %s (RFC 5952 §4)', (written, shown) => {
    expect(through(written)).toBe(shown);
  });

  test('Python reads the bytes as the same address', () => {
    const hosts = fc.sample(groups, 50).map(plain);
    const script = 'import ipaddress,sys\nfor h in sys.argv[1:]: print(ipaddress.IPv6Address(h).packed.hex())';
    const packed = execFileSync('python3', ['-c', script, ...hosts], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(hosts.map((host) => encodeIp({ host, port: 0 }).toString('hex', 8, 24))).toEqual(packed);
  });

  test('an IPv4-mapped address is shown as the IPv4 address it stands for', () => {
    expect(through('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(through('::ffff:c000:0201')).toBe('192.0.2.1');
    expect(through('::fffe:192.0.2.1')).toBe('::fffe:c000:201');
  });

  test('the bytes are those of ipv6(7)', () => {
    const bytes = encodeIp({ host: 'fe80::1%7', port: 0xabcd });
    expect(bytes.toString('hex')).toBe('0a00abcd00000000fe80000000000000000000000000000107000000');
    expect(bytes.readUInt16LE(0)).toBe(AF_INET6);
  });

  test('a scope may be a number', () => {
    expect(through('fe80::1%42')).toBe('fe80::1%42');
    expect(through('fe80::1%0')).toBe('fe80::1');
  });

  test('a scope may be the name of an interface, and must be of one', () => {
    expect(through('fe80::1%lo')).toBe('fe80::1%1'); // the index of every loopback
    expect(() => encodeIp({ host: 'fe80::1%nosuchif', port: 0 })).toThrow('no interface nosuchif');
  });
});

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

test.skipIf(missing !== undefined)('an interface is looked for in the namespace of the thread', () => {
  using room = Netns.create();
  room.ip('link', 'add', 'wh-scope', 'index', '4711', 'type', 'veth', 'peer', 'name', 'wh-other');
  // Alone it would have no IPv6 address: without a carrier there is no link-local one.
  room.ip('address', 'add', '2001:db8::1/64', 'dev', 'wh-scope');
  room.ip('link', 'set', 'wh-scope', 'up');
  const inside = room.namespace.enter(() => encodeIp({ host: 'fe80::1%wh-scope', port: 0 }));
  expect(decodeIp(inside)?.host).toBe('fe80::1%4711');
  expect(() => encodeIp({ host: 'fe80::1%wh-scope', port: 0 })).toThrow('no interface wh-scope');
});

describe('addresses that are none', () => {
  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '::1::',
    ':',
    '[::1]',
    '%lo',
    '1.2.3.4%lo',
  ])('%j is refused', (host) => {
    expect(() => encodeIp({ host, port: 1 })).toThrow(RangeError);
  });

  test.each([-1, 65_536])('port %d is refused', (port) => {
    expect(() => encodeIp({ host: '127.0.0.1', port })).toThrow(RangeError);
    expect(() => encodeIp({ host: '::1', port })).toThrow(RangeError);
  });

  test('other families decode to nothing', () => {
    expect(decodeIp(encodeUnix('/run/a.sock'))).toBeUndefined();
    expect(decodeIp(Buffer.alloc(SOCKADDR_MAX))).toBeUndefined();
  });
});

describe('formatIp', () => {
  test('IPv6 stands in brackets', () => {
    expect(formatIp({ host: '::1', port: 80 })).toBe('[::1]:80');
    expect(formatIp({ host: '127.0.0.1', port: 80 })).toBe('127.0.0.1:80');
    expect(formatIp({ host: 'fe80::1%2', port: 80 })).toBe('[fe80::1%2]:80');
  });
});

describe('unix sockaddr', () => {
  const path = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
    .filter((text) => Buffer.byteLength(text) <= UNIX_PATH_MAX && !text.includes('\0'));

  test('family, path and one NUL, nothing else', () => {
    fc.assert(
      fc.property(path, (path) => {
        const bytes = encodeUnix(path);
        expect(bytes.readUInt16LE(0)).toBe(AF_UNIX);
        expect(bytes.toString('utf8', 2, bytes.length - 1)).toBe(path);
        expect(bytes.at(-1)).toBe(0);
        expect(bytes.length).toBeLessThanOrEqual(SOCKADDR_MAX);
      }),
    );
  });

  test('the limit counts bytes, not characters (A33)', () => {
    expect(encodeUnix('a'.repeat(UNIX_PATH_MAX))).toHaveLength(SOCKADDR_MAX);
    expect(() => encodeUnix('a'.repeat(UNIX_PATH_MAX + 1))).toThrow(RangeError);
    expect(() => encodeUnix('ä'.repeat(UNIX_PATH_MAX / 2 + 1))).toThrow(RangeError);
  });

  test('an empty path and a NUL are refused: they would be an abstract address, or cut short (A33)', () => {
    expect(() => encodeUnix('')).toThrow(RangeError);
    expect(() => encodeUnix('\0abstract')).toThrow(RangeError);
    expect(() => encodeUnix('/run/a.sock\0.txt')).toThrow(RangeError);
  });
});

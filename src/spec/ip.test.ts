/** IP literals against Node's own parser, and the spellings that must not pass. */
import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, isLoopback, isUnspecified, parseIp, parseIpv4, parseIpv6 } from './ip.ts';

describe('parseIp', () => {
  test('agrees with the kernel on what an address is', () => {
    const near = fc.stringMatching(/^[0-9a-f:.]{1,24}$/);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near), (text) => {
        expect(parseIpv4(text) !== undefined).toBe(isIPv4(text));
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('reads what formatIp writes, and formatIp knows one spelling', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
        (bytes) => {
          const text = formatIp([...bytes]);
          expect(parseIp(text)).toEqual([...bytes]);
          expect(formatIp(parseIp(text) ?? [])).toBe(text);
        },
      ),
    );
  });

  test.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['1::', '1::'],
  ])('spells %s as %s', (text, canonical) => {
    expect(formatIp(parseIp(text) ?? [])).toBe(canonical);
  });

  test.each([
    '1.2.3',
    '01.2.3.4',
    '0x7f.0.0.1',
    '1.2.3.4.',
    '256.1.1.1',
    '1.2.3.4:80',
    ':::',
    '1::2::3',
    '12345::',
    '::1%lo',
    '::1.2.3',
    '',
  ])('refuses %s', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test('knows loopback and unspecified addresses, also mapped into IPv6', () => {
    for (const text of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.2'])
      expect(isLoopback(parseIp(text) ?? [])).toBe(true);
    for (const text of ['128.0.0.1', '::2', '::', '::127.0.0.1']) expect(isLoopback(parseIp(text) ?? [])).toBe(false);
    for (const text of ['0.0.0.0', '::', '::ffff:0.0.0.0']) expect(isUnspecified(parseIp(text) ?? [])).toBe(true);
    for (const text of ['0.0.0.1', '::1']) expect(isUnspecified(parseIp(text) ?? [])).toBe(false);
  });
});

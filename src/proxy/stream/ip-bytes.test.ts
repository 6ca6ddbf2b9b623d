/** IP literals as bytes. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipBytes, mapped, unmapped } from './ip-bytes.ts';

function hex(literal: string): string | undefined {
  const bytes = ipBytes(literal);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

describe('ipBytes', () => {
  test.each([
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::a:b', '20010db80000000000000000000a000b'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:10.1.2.3', '00000000000000000000ffff0a010203'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ])('%s', (literal, bytes) => {
    expect(hex(literal)).toBe(bytes);
  });

  test.each(['', 'localhost', '1.2.3', '1.2.3.256', '[::1]', ':::', '1:2:3:4:5:6:7', '127.1'])('refuses %j', (text) => {
    expect(ipBytes(text)).toBeUndefined();
  });

  test('every generated IPv6 literal has the bytes that its groups say', () => {
    fc.assert(
      fc.property(fc.ipV6(), (literal) => {
        const bytes = ipBytes(literal) as Uint8Array;
        const groups = Array.from({ length: 8 }, (_, i) =>
          (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
        );
        expect(new URL(`http://[${groups.join(':')}]/`).host).toBe(new URL(`http://[${literal}]/`).host);
      }),
    );
  });
});

describe('IPv4-mapped addresses', () => {
  test('mapped and unmapped are inverse', () => {
    const four = Uint8Array.of(10, 1, 2, 3);
    expect(unmapped(mapped(four))).toEqual(four);
  });

  test('other addresses are not unmapped', () => {
    for (const literal of ['::1', '::fffe:1.2.3.4', '1::ffff:1.2.3.4', '1.2.3.4']) {
      expect(unmapped(ipBytes(literal) as Uint8Array)).toBeUndefined();
    }
  });
});

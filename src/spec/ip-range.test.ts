import { describe, expect, test } from 'vitest';
import { parseIp } from './ip.ts';
import { inRange, isSingle, parseIpRange } from './ip-range.ts';

const holds = (range: string, address: string): boolean => inRange(parseIpRange(range), parseIp(address) ?? []);

describe('a range of addresses', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/9', '10.127.255.255', true],
    ['10.0.0.0/9', '10.128.0.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '203.0.113.9', false],
    ['::/0', '::ffff:203.0.113.9', false],
    ['203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
  ])('%s holds %s: %s', (range, address, expected) => {
    expect(holds(range, address)).toBe(expected);
  });

  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.1/8',
    '10.0/8',
    '::/129',
    '2001:db8::1/32',
    'db',
    '1.2.3.4/8/8',
    '::ffff:10.0.0.0/104',
  ])('%j is none', (text) => {
    expect(() => parseIpRange(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
  });

  test('knows whether it is one address', () => {
    expect(isSingle(parseIpRange('192.0.2.7'))).toBe(true);
    expect(isSingle(parseIpRange('::1/128'))).toBe(true);
    expect(isSingle(parseIpRange('192.0.2.6/31'))).toBe(false);
  });
});

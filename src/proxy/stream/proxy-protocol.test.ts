/** Golden headers of the PROXY protocol. */
import { describe, expect, test } from 'vitest';
import { type ClientEndpoints, proxyHeader } from './proxy-protocol.ts';

const v4: ClientEndpoints = { sourceHost: '192.168.0.11', sourcePort: 56324, destHost: '192.168.0.1', destPort: 443 };
const v6: ClientEndpoints = { sourceHost: '2001:db8::1', sourcePort: 1, destHost: 'fe80::2%eth0', destPort: 65535 };
const SIGNATURE = '0d0a0d0a000d0a515549540a';

function v1(client: ClientEndpoints | undefined): string {
  return Buffer.from(proxyHeader('v1', client)).toString('latin1');
}

function v2(client: ClientEndpoints | undefined): string {
  return Buffer.from(proxyHeader('v2', client)).toString('hex');
}

describe('proxyHeader v1', () => {
  test('TCP4 as in the specification', () => {
    expect(v1(v4)).toBe('PROXY TCP4 192.168.0.11 192.168.0.1 56324 443\r\n');
  });

  test('TCP6 without zone, in full groups', () => {
    expect(v1(v6)).toBe('PROXY TCP6 2001:db8:0:0:0:0:0:1 fe80:0:0:0:0:0:0:2 1 65535\r\n');
  });

  test('an IPv4 client of a dual-stack listener is TCP4', () => {
    const client = { ...v4, sourceHost: '::ffff:127.0.0.1', destHost: '::ffff:7f00:1' };
    expect(v1(client)).toBe('PROXY TCP4 127.0.0.1 127.0.0.1 56324 443\r\n');
  });

  test('when one side is IPv6 the other is written IPv4-mapped', () => {
    expect(v1({ ...v4, destHost: '::1' })).toBe('PROXY TCP6 0:0:0:0:0:ffff:c0a8:b 0:0:0:0:0:0:0:1 56324 443\r\n');
  });

  test('a client without IP endpoints is UNKNOWN', () => {
    expect(v1(undefined)).toBe('PROXY UNKNOWN\r\n');
    expect(v1({ ...v4, sourceHost: '' })).toBe('PROXY UNKNOWN\r\n');
  });

  test('the longest header fits the 107 bytes of the specification', () => {
    const host = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    const widest = v1({ sourceHost: host, sourcePort: 65535, destHost: host, destPort: 65535 });
    expect(widest.length).toBeLessThanOrEqual(107);
  });
});

describe('proxyHeader v2', () => {
  test('TCP4', () => {
    expect(v2(v4)).toBe(`${SIGNATURE}2111000cc0a8000bc0a80001dc0401bb`);
  });

  test('TCP6', () => {
    const source = '20010db8000000000000000000000001';
    const dest = 'fe800000000000000000000000000002';
    expect(v2(v6)).toBe(`${SIGNATURE}21210024${source}${dest}0001ffff`);
  });

  test('when one side is IPv6 the other is IPv4-mapped', () => {
    const source = '00000000000000000000ffffc0a8000b';
    const dest = '00000000000000000000000000000001';
    expect(v2({ ...v4, destHost: '::1' })).toBe(`${SIGNATURE}21210024${source}${dest}dc0401bb`);
  });

  test('a client without IP endpoints is LOCAL', () => {
    expect(v2(undefined)).toBe(`${SIGNATURE}20000000`);
  });
});

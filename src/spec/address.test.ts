/** Golden vectors of the ADDR grammar. */
import { describe, expect, test } from 'vitest';
import { CONTROL_SOCKET, formatAddress, parseAddress } from './address.ts';
import type { PeerAddress } from './plan.ts';

describe('parseAddress', () => {
  test.each<[string, PeerAddress]>([
    ['foo', { kind: 'name', name: 'foo' }],
    [':6666', { kind: 'tcp', host: '', port: 6666 }],
    ['tcp://foo', { kind: 'tcp', host: 'foo', port: 9999 }],
    ['tcp://foo:1', { kind: 'tcp', host: 'foo', port: 1 }],
    ['foo:1', { kind: 'tcp', host: 'foo', port: 1 }],
    ['unix://', { kind: 'unix', path: CONTROL_SOCKET }],
    ['unix:///tmp/s', { kind: 'unix', path: '/tmp/s' }],
    ['unix://./socket', { kind: 'unix', path: './socket' }],
    ['unix://a:b', { kind: 'unix', path: 'a:b' }],
    ['10.0.0.7', { kind: 'tcp', host: '10.0.0.7', port: 9999 }],
    ['[::1]', { kind: 'tcp', host: '::1', port: 9999 }],
    ['[::1]:9999', { kind: 'tcp', host: '::1', port: 9999 }],
    ['[fe80::1%eth0]', { kind: 'tcp', host: 'fe80::1%eth0', port: 9999 }],
    ['tcp://:80', { kind: 'tcp', host: '', port: 80 }],
  ])('XT8 reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  test.each([
    ['', /empty/],
    ['tcp://', /no host and no port/],
    ['foo:', /no usable port/],
    ['foo:0', /no usable port/],
    ['foo:abc', /not a number/],
    ['foo:99999', /out of range/],
    ['foo:+1', /not a number/],
    ['udp://foo', /protocol "udp"/],
    ['http://x', /protocol "http"/],
    ['::1', /brackets/],
    ['9999', /write ":9999"/],
    ['user@foo', /"@"/],
    ['foo/bar', /not a host name/],
    ['foo bar', /not a host name/],
    ['-K', /not a host name/],
    ['unix:///tmp/\n', /cannot be printed/],
  ])('XT8 refuses %s', (text, reason) => {
    expect(() => parseAddress(text)).toThrow(reason);
  });
});

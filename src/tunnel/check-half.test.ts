import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkHalf } from './check-half.ts';
import type { IpsecHalf, TunnelHalf, WireguardHalf } from './half.ts';

const ipsec: IpsecHalf = {
  kind: 'ipsec',
  outer: { local: '192.0.2.1', remote: '192.0.2.2' },
  overlay: { local: '100.65.0.2', remote: '100.65.0.3' },
  out: { spi: 0x1000, key: randomBytes(36) },
  in: { spi: 0x2000, key: randomBytes(36) },
};
const wireguard: WireguardHalf = {
  kind: 'wireguard',
  engine: 'kernel',
  name: 'wh0',
  privateKey: randomBytes(32),
  listenPort: 51820,
  peer: { publicKey: randomBytes(32), endpoint: { address: '2001:db8::1', port: 51820 } },
  overlay: { local: '100.65.0.2', remote: '100.65.0.3' },
};

describe('a half', () => {
  test.each<TunnelHalf>([
    ipsec,
    { ...ipsec, outer: { local: '2001:db8::1', remote: '2001:db8::2' } },
    { ...ipsec, udp: { localPort: 4500, remotePort: 4501, keepaliveSeconds: 20 }, mtu: 1400 },
    wireguard,
    { ...wireguard, peer: { ...wireguard.peer, presharedKey: randomBytes(32), keepaliveSeconds: 25 } },
  ])('is accepted as agreed: %#', (half) => {
    expect(() => checkHalf(half)).not.toThrow();
  });

  test.each<[string, TunnelHalf]>([
    ['the outbound SPI is not in 256', { ...ipsec, out: { ...ipsec.out, spi: 255 } }],
    ['the inbound SPI is not in 256', { ...ipsec, in: { ...ipsec.in, spi: 2 ** 32 } }],
    ['the inbound key has 35 bytes', { ...ipsec, in: { ...ipsec.in, key: Buffer.alloc(35, 1) } }],
    ['the outbound key is empty', { ...ipsec, out: { ...ipsec.out, key: Buffer.alloc(36) } }],
    ['both directions have the same key', { ...ipsec, in: { spi: 0x2000, key: Buffer.from(ipsec.out.key) } }],
    ['the overlay addresses are of two families', { ...ipsec, overlay: { local: '100.65.0.2', remote: '::1' } }],
    ['the overlay addresses are not IPv4', { ...ipsec, overlay: { local: 'fd00::1', remote: 'fd00::2' } }],
    ['both overlay addresses', { ...ipsec, overlay: { local: '100.65.0.2', remote: '100.65.0.2' } }],
    ['the outer remote address', { ...ipsec, outer: { local: '192.0.2.1', remote: '0.0.0.0' } }],
    ['the outer local address', { ...ipsec, outer: { local: 'fe80::1%eth0', remote: 'fe80::2' } }],
    ['the outer remote address', { ...ipsec, outer: { local: '192.0.2.1', remote: 'db-host' } }],
    ['the local port', { ...ipsec, udp: { localPort: 0, remotePort: 4500, keepaliveSeconds: 0 } }],
    ['the MTU', { ...ipsec, mtu: 68 }],
    ['the interface name', { ...wireguard, name: 'a-name-that-is-too-long' }],
    ['the interface name', { ...wireguard, name: '../wh0' }],
    ['the interface name', { ...wireguard, name: '-wh0' }],
    ['the private key has 31 bytes', { ...wireguard, privateKey: Buffer.alloc(31, 1) }],
    ['the preshared key is empty', { ...wireguard, peer: { ...wireguard.peer, presharedKey: Buffer.alloc(32) } }],
    ['the endpoint', { ...wireguard, peer: { ...wireguard.peer, endpoint: { address: 'host', port: 1 } } }],
    ["the endpoint's port", { ...wireguard, peer: { ...wireguard.peer, endpoint: { address: '192.0.2.2', port: 0 } } }],
  ])('is refused: %s', (what, half) => {
    expect(() => checkHalf(half)).toThrow(`cannot install a tunnel: ${what}`);
  });

  test('is refused without showing its keys', () => {
    const key = Buffer.alloc(35, 'k');
    let thrown: unknown;
    try {
      checkHalf({ ...ipsec, out: { spi: 0x1000, key } });
    } catch (error) {
      thrown = error;
    }
    expect(inspect(thrown)).toContain('35 bytes');
    expect(inspect(thrown)).not.toMatch(/kkk|6b6b|6b 6b/);
  });
});

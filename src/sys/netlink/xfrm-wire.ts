/**
 * What messages about security associations and policies have in common. Pure. See linux/xfrm.h, which is their only reference.
 *
 *   xfrm_address_t     16 bytes, IPv4 in the first four
 *   xfrm_selector      daddr:16 saddr:16 dport:be16 mask:u16 sport:be16 mask:u16 family:u16 prefix_d:u8 prefix_s:u8
 *                      protocol:u8 pad:3 ifindex:i32 user:u32                                              (56 bytes)
 *   xfrm_id            daddr:16 spi:be32 protocol:u8 pad:3                                                 (24 bytes)
 *   xfrm_lifetime_cfg  eight limits:u64                                                                    (64 bytes)
 *   xfrm_lifetime_cur  bytes:u64 packets:u64 added:u64 used:u64                                            (32 bytes)
 */
import { addressBytes, addressText, familyOf, hostPrefix } from './address-bytes.ts';

export const IPPROTO_ESP = 50;
export const XFRM_MODE_TUNNEL = 1;
export const XFRMA_IF_ID = 31;
export const SELECTOR_BYTES = 56;
export const LIMITS_BYTES = 64;
export const CURRENT_BYTES = 32;

/** The packets from one host to another. */
export interface Selector {
  readonly source: string;
  readonly destination: string;
}

export function wideAddress(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  addressBytes(address).copy(bytes);
  return bytes;
}

export function encodeSelector({ source, destination }: Selector): Buffer {
  const bytes = Buffer.alloc(SELECTOR_BYTES);
  wideAddress(destination).copy(bytes, 0);
  wideAddress(source).copy(bytes, 16);
  bytes.writeUInt16LE(familyOf(destination), 40);
  bytes[42] = hostPrefix(destination);
  bytes[43] = hostPrefix(source);
  return bytes;
}

/** Undefined when it is about more than one host on each side. */
export function decodeSelector(bytes: Buffer): Selector | undefined {
  const family = bytes.readUInt16LE(40);
  const whole = family === 2 ? 32 : 128;
  if (bytes[42] !== whole || bytes[43] !== whole) return undefined;
  return {
    destination: addressText(bytes.subarray(0, 16), family),
    source: addressText(bytes.subarray(16, 32), family),
  };
}

export function encodeId(destination: string, spi: number): Buffer {
  const bytes = Buffer.alloc(24);
  wideAddress(destination).copy(bytes);
  bytes.writeUInt32BE(spi, 16);
  bytes[20] = IPPROTO_ESP;
  return bytes;
}

/**
 * No limit at all. Soft limits only tell somebody, who may not be there; a hard one would end the tunnel with the daemon that
 * should have made new keys. Sequence numbers have 64 bits, so no nonce comes twice.
 */
export const unlimited = (): Buffer => {
  const bytes = Buffer.alloc(LIMITS_BYTES);
  // Bytes and packets, soft and hard: XFRM_INF. The times behind them: 0 is never.
  bytes.fill(0xff, 0, 32);
  return bytes;
};

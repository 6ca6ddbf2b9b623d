/**
 * IP literals as network-order bytes, for headers that carry addresses. Pure.
 */
import { isIP } from 'node:net';
import { encodeIp } from '../../sys/sockaddr.ts';

/** 4 bytes of an IPv4 literal, 16 of an IPv6 one (a `%zone` is left out); undefined for anything else. */
export function ipBytes(literal: string): Uint8Array | undefined {
  const family = isIP(literal);
  if (family === 0) return undefined;
  const sockaddr = encodeIp({ host: literal.split('%', 1)[0] as string, port: 0 });
  return family === 4 ? sockaddr.subarray(4, 8) : sockaddr.subarray(8, 24);
}

/** The IPv4 bytes inside `::ffff:0:0/96`, as a dual-stack listener shows IPv4 clients; undefined for others. */
export function unmapped(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return undefined;
  return bytes.subarray(0, 10).every((byte) => byte === 0) ? bytes.subarray(12) : undefined;
}

/** IPv4 bytes as an IPv4-mapped IPv6 address. */
export function mapped(bytes: Uint8Array): Uint8Array {
  const wide = new Uint8Array(16);
  wide.fill(0xff, 10, 12);
  wide.set(bytes, 12);
  return wide;
}

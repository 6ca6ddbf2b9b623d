/**
 * IP literals as network-order bytes. Pure; accepts exactly what node:net's `isIP` accepts.
 */
import { isIP } from 'node:net';

/** 4 bytes of an IPv4 literal, 16 of an IPv6 one (a `%zone` is left out); undefined for anything else. */
export function ipBytes(literal: string): Uint8Array | undefined {
  switch (isIP(literal)) {
    case 4:
      return Uint8Array.from(literal.split('.'), Number);
    case 6:
      return ipv6Bytes(literal.split('%', 1)[0] as string);
    default:
      return undefined;
  }
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

function ipv6Bytes(literal: string): Uint8Array {
  const [left = '', right] = literal.split('::');
  const head = groups(left);
  const bytes = new Uint8Array(16);
  bytes.set(head);
  if (right !== undefined) {
    const tail = groups(right);
    bytes.set(tail, 16 - tail.length);
  }
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

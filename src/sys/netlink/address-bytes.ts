/**
 * IP addresses as netlink has them: 4 or 16 bytes of the network, beside the number of their family. Pure.
 */
import { AF_INET, AF_INET6 } from '../constants.ts';
import { decodeIp, encodeIp } from '../sockaddr.ts';

export const familyOf = (address: string): number => (address.includes(':') ? AF_INET6 : AF_INET);

/** Bits of a prefix that is one host. */
export const hostPrefix = (address: string): number => (address.includes(':') ? 128 : 32);

/** @throws {RangeError} when it is no IP literal */
export function addressBytes(address: string): Buffer {
  const sockaddr = encodeIp({ host: address, port: 0 });
  return familyOf(address) === AF_INET ? sockaddr.subarray(4, 8) : sockaddr.subarray(8, 24);
}

/** Of 4 bytes, or 16 of IPv6. */
export function addressText(bytes: Buffer, family: number): string {
  const sockaddr = Buffer.alloc(28);
  sockaddr.writeUInt16LE(family, 0);
  bytes.copy(sockaddr, family === AF_INET ? 4 : 8, 0, family === AF_INET ? 4 : 16);
  return decodeIp(sockaddr)?.host ?? '';
}

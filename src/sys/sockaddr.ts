/**
 * Socket addresses between text and the kernel's bytes. See ip(7), ipv6(7), unix(7).
 *
 *   sockaddr_in   family:u16 port:be16 addr:4 zero:8                      (16 bytes)
 *   sockaddr_in6  family:u16 port:be16 flowinfo:u32 addr:16 scope_id:u32  (28 bytes)
 *   sockaddr_un   family:u16 path:108, NUL-terminated                     (2 + length + 1 bytes)
 */
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';

/** Largest of the three. */
export const SOCKADDR_MAX = 110;
/** `sun_path` holds 108 bytes with the NUL. */
export const UNIX_PATH_MAX = 107;

/** An IP endpoint; `host` is a literal without brackets, a `%scope` (name or number) allowed on IPv6. */
export interface IpEndpoint {
  readonly host: string;
  readonly port: number;
}

/** @throws {RangeError} when `host` is not an IP literal */
export function encodeIp({ host, port }: IpEndpoint): Buffer {
  if (isIPv4(host)) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    ipv4Bytes(host).copy(bytes, 4);
    return bytes;
  }
  const [address = '', scope] = host.split('%');
  if (!isIPv6(address)) throw new RangeError(`not an IP address: ${host}`);
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  ipv6Bytes(address).copy(bytes, 8);
  bytes.writeUInt32LE(scope === undefined ? 0 : scopeId(scope), 24);
  return bytes;
}

/** @throws {RangeError} when the path is too long for sockaddr_un or holds a NUL */
export function encodeUnix(path: string): Buffer {
  const text = Buffer.from(path);
  if (text.length > UNIX_PATH_MAX || text.length === 0 || text.includes(0)) {
    throw new RangeError(`unix socket path must be 1-${UNIX_PATH_MAX} bytes without NUL: ${path}`);
  }
  const bytes = Buffer.alloc(2 + text.length + 1);
  bytes.writeUInt16LE(AF_UNIX, 0);
  text.copy(bytes, 2);
  return bytes;
}

/** The IP endpoint in a sockaddr, or undefined for any other family. IPv4-mapped IPv6 is shown as IPv4. */
export function decodeIp(bytes: Buffer): IpEndpoint | undefined {
  const family = bytes.readUInt16LE(0);
  const port = bytes.readUInt16BE(2);
  if (family === AF_INET) return { host: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}`, port };
  if (family !== AF_INET6) return undefined;
  if (bytes.readUInt32BE(8) === 0 && bytes.readUInt32BE(12) === 0 && bytes.readUInt32BE(16) === 0xffff) {
    return { host: `${bytes[20]}.${bytes[21]}.${bytes[22]}.${bytes[23]}`, port };
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + 2 * i).toString(16));
  const scope = bytes.readUInt32LE(24);
  return { host: compressIpv6(groups) + (scope === 0 ? '' : `%${scope}`), port };
}

/** `host:port`, with brackets around IPv6. */
export function formatIp({ host, port }: IpEndpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function ipv4Bytes(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}

function ipv6Bytes(host: string): Buffer {
  const [left = '', right] = host.split('::');
  const head = groupsOf(left);
  const tail = right === undefined ? [] : groupsOf(right);
  const zeros = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, i) => bytes.writeUInt16BE(group, 2 * i));
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const quad = ipv4Bytes(group);
    return [quad.readUInt16BE(0), quad.readUInt16BE(2)];
  });
}

/** RFC 5952 §4.2: the longest run of two or more zero groups becomes `::`, the first of several as long. */
function compressIpv6(groups: readonly string[]): string {
  let start = 0;
  let length = 1;
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === '0') end++;
    if (end - at > length) [start, length] = [at, end - at];
    at = Math.max(at, end);
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/**
 * The namespace of the calling thread decides. /proc/net/if_inet6 has a line per IPv6 address, `ADDRESS INDEX PREFIX
 * SCOPE FLAGS NAME` in hexadecimal, whether the interface is up or not.
 */
function scopeId(scope: string): number {
  if (/^\d+$/.test(scope)) return Number(scope);
  for (const line of readFileSync('/proc/thread-self/net/if_inet6', 'latin1').split('\n')) {
    const [, index = '', , , , name] = line.split(/ +/);
    if (name === scope) return Number.parseInt(index, 16);
  }
  throw new RangeError(`no interface ${scope} with an IPv6 address`);
}

/**
 * The messages of SOCKS5 and of its user/password login, as bytes; pure. RFC 1928, RFC 1929.
 */
import { formatIp, parseIp } from '../../spec/ip.ts';
import { type Destination, readHost } from './destination.ts';
import { Refused } from './refusal.ts';

export const VERSION = 0x05;
const LOGIN_VERSION = 0x01;
const CONNECT = 0x01;

/** Methods, RFC 1928 §3. */
export const NO_LOGIN = 0x00;
export const LOGIN = 0x02;
export const NO_METHOD = 0xff;

/** Address types, RFC 1928 §5. */
const IPV4 = 0x01;
const NAME = 0x03;
const IPV6 = 0x04;

/** Bytes of a request before its address, and of the port behind it. */
const HEAD = 4;
const PORT = 2;

/** VER NMETHODS METHODS. */
export function greetingLength(bytes: Uint8Array): number | undefined {
  if (bytes.length > 0 && bytes[0] !== VERSION) throw new Refused('malformed');
  return whole(bytes, 2 + (bytes[1] ?? 0), 2);
}

export function readMethods(greeting: Uint8Array): Uint8Array {
  return greeting.subarray(2);
}

/** VER ULEN USER PLEN PASSWORD. */
export function loginLength(bytes: Uint8Array): number | undefined {
  if (bytes.length > 0 && bytes[0] !== LOGIN_VERSION) throw new Refused('malformed');
  const passwordAt = 2 + (bytes[1] ?? 0);
  return whole(bytes, passwordAt + 1 + (bytes[passwordAt] ?? 0), passwordAt + 1);
}

export function readLogin(login: Buffer): { readonly user: string; readonly password: string } {
  const userEnd = 2 + (login[1] ?? 0);
  return { user: login.toString('utf8', 2, userEnd), password: login.toString('utf8', userEnd + 1) };
}

export function loginAnswer(good: boolean): Uint8Array {
  return Uint8Array.of(LOGIN_VERSION, good ? 0 : 1);
}

/** VER CMD RSV ATYP ADDR PORT. @throws {Refused} as soon as it cannot become a request that is served */
export function requestLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD + 1) return undefined;
  if (bytes[0] !== VERSION || bytes[2] !== 0) throw new Refused('malformed');
  if (bytes[1] !== CONNECT) throw new Refused('method');
  const address = { [IPV4]: 4, [IPV6]: 16, [NAME]: 1 + (bytes[HEAD] ?? 0) }[bytes[3] ?? 0];
  if (address === undefined) throw new Refused('address-type');
  return whole(bytes, HEAD + address + PORT, HEAD);
}

/** @throws {Refused} when host or port cannot be meant */
export function readRequest(request: Buffer): Destination {
  const address = request.subarray(HEAD, -PORT);
  const host = request[3] === NAME ? address.toString('latin1', 1) : formatIp([...address]);
  const destination = readHost(host, request.readUInt16BE(request.length - PORT));
  if (destination === undefined) throw new Refused('malformed');
  return destination;
}

/** VER REP RSV ATYP ADDR PORT. @param bound 0.0.0.0:0 unless given */
export function reply(code: number, bound: Destination = { host: '0.0.0.0', port: 0 }): Uint8Array {
  const { host, port } = bound;
  const address = parseIp(host) ?? [0, 0, 0, 0];
  return Uint8Array.of(VERSION, code, 0, address.length === 4 ? IPV4 : IPV6, ...address, port >> 8, port & 0xff);
}

/** `length`, once the `known` bytes that it was computed from and all others are there. */
function whole(bytes: Uint8Array, length: number, known: number): number | undefined {
  return bytes.length >= known && bytes.length >= length ? length : undefined;
}

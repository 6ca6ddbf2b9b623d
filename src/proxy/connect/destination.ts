/**
 * The destination that a client names: HOST and PORT, read so strictly that nobody behind us can read them otherwise.
 *
 * Names are not looked up here, and whether an address may be dialed is for the policy that judges what it resolves to.
 */
import { parseHost, splitHostPort } from '../../spec/host.ts';
import { formatIp, isUnspecified, parseIp, parseIpv6 } from '../../spec/ip.ts';

/** A name or an IP literal without brackets, canonical when it is IPv6; and 1–65535. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT` of a CONNECT, RFC 9110 §9.3.6. @returns undefined when it is anything else */
export function readAuthority(text: string): Destination | undefined {
  const parts = readParts(text);
  // digits alone, as people write them: `080` is eight to some and eighty to others
  if (parts?.port === undefined || !/^[1-9][0-9]{0,4}$/.test(parts.port)) return undefined;
  return checked(parts.host, Number(parts.port));
}

/** Reads host and port as SOCKS has them: a name, or the text of an address. @returns undefined when it is no such */
export function readHost(text: string, port: number): Destination | undefined {
  const bytes = parseIpv6(text);
  if (bytes !== undefined) return checked(formatIp(bytes), port);
  try {
    return checked(parseHost(text), port);
  } catch {
    return undefined;
  }
}

/** True when a Host line says the same as the request itself; its port may be left out. */
export function isSameHost(line: string, { host, port }: Destination): boolean {
  const parts = readParts(line);
  if (parts === undefined || parts.host.toLowerCase() !== host.toLowerCase()) return false;
  return parts.port === undefined || parts.port === '' || parts.port === String(port);
}

function readParts(text: string): { readonly host: string; readonly port: string | undefined } | undefined {
  try {
    return splitHostPort(text);
  } catch {
    return undefined;
  }
}

function checked(host: string, port: number): Destination | undefined {
  // a zone names an interface of ours, and to connect to 0.0.0.0 or :: means this machine to the kernel
  const named = host !== '' && !host.includes('%') && !isUnspecified(parseIp(host) ?? [1]);
  return named && Number.isInteger(port) && port > 0 && port <= 65_535 ? { host, port } : undefined;
}

/**
 * HOST and PORT, as they stand in a URL or an ADDR: names, IPv4, bracketed IPv6, and port numbers.
 *
 * Strict on purpose: a host goes to resolvers, logs and PROXY headers later, so nothing that any of them could
 * read differently passes here (userinfo, control characters, octal addresses, `+1` as a port).
 */
import { invalid, show } from './invalid.ts';
import { formatIp, parseIpv4, parseIpv6 } from './ip.ts';

const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** Longest host name in characters, RFC 1035 §2.3.4. */
const NAME_LENGTH = 253;

/** Longest interface name in characters: IFNAMSIZ less its NUL. */
const ZONE = /^[A-Za-z0-9_.-]{1,15}$/;

/**
 * Reads `HOST[:[PORT]]`; an empty port is no port (RFC 3986 §3.2.3).
 *
 * @returns the host without brackets, IPv6 in canonical spelling; the port's text as it stood
 * @throws {WormholeError} WH_ERR_SPEC_INVALID
 */
export function splitHostPort(text: string): { host: string; port: string | undefined } {
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    const rest = end < 0 ? '' : text.slice(end + 1);
    if (end < 0 || (rest !== '' && !rest.startsWith(':'))) {
      throw invalid(`${show(text)} has invalid bracketing; write an IPv6 address as "[::1]:80"`);
    }
    return { host: parseBracketed(text.slice(1, end)), port: rest === '' ? undefined : rest.slice(1) };
  }
  const colon = text.indexOf(':');
  if (colon !== text.lastIndexOf(':')) {
    throw invalid(`${show(text)} has more than one port; an IPv6 address stands in brackets, "[::1]:80"`);
  }
  const name = colon < 0 ? text : text.slice(0, colon);
  if (colon < 0 && /^[0-9]+$/.test(name)) {
    throw invalid(`${show(name)} is a host name of digits only; for the port write ":${name.slice(0, 8)}"`);
  }
  return { host: name === '' ? '' : parseHost(name), port: colon < 0 ? undefined : text.slice(colon + 1) };
}

/** Checks a host name or IPv4 literal. @returns it as written @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseHost(text: string): string {
  if (parseIpv4(text) !== undefined) return text;
  const labels = text.replace(/\.$/, '').split('.');
  if (text.length > NAME_LENGTH || !labels.every((label) => LABEL.test(label))) {
    throw invalid(`${show(text)} is not a host name or IP address (letters, digits, "-", "_" and dots, at most 253)`);
  }
  // A name that ends in a number is an address to inet_aton(3) and a name to others.
  if (/^(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(labels.at(-1) ?? '')) {
    throw invalid(`${show(text)} is not a plain IPv4 address; write four decimal numbers, "127.0.0.1"`);
  }
  return text;
}

/** Reads what stands between brackets; a zone is kept on link-local addresses only. */
function parseBracketed(text: string): string {
  const percent = text.indexOf('%');
  const bytes = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  if (bytes === undefined) throw invalid(`${show(`[${text}]`)} is not an IPv6 address`);
  if (percent < 0) return formatIp(bytes);
  const zone = text.slice(percent + 1);
  const linkLocal = bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
  if (!linkLocal) throw invalid(`${show(`[${text}]`)} has a zone; only link-local addresses (fe80::/10) take one`);
  if (!ZONE.test(zone)) throw invalid(`${show(zone)} is not an interface name`);
  return `${formatIp(bytes)}%${zone}`;
}

/** The host as it stands in a URL: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Reads a port, 0 to 65535; the caller decides what 0 means. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parsePort(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw invalid(`port ${show(text)} is not a number; ports go from 1 to 65535`);
  const port = text.length > 16 ? Number.POSITIVE_INFINITY : Number(text);
  if (port > 65_535) throw invalid(`port ${show(text)} is out of range; ports go from 1 to 65535`);
  return port;
}

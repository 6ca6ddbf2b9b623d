/** Checks of the settings that tunnels use: addresses, the overlay's range, the range of UDP ports. */
import { isIP, isIPv4 } from 'node:net';
import { WormholeError } from '../../lib/errors.ts';

/** An IPv4 range, e.g. 100.65.0.0/14. */
export interface Cidr {
  /** First address of the range: the host bits of what was written are cleared. */
  readonly network: string;
  /** 8-30: an overlay needs room for address pairs. */
  readonly bits: number;
}

/** UDP ports from `low` to `high`, both included. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

const invalid = (key: string, problem: string): WormholeError =>
  new WormholeError('WH_ERR_CONFIG', `${key} ${problem}`, { detail: { key } });

/** @returns `text` when it is an address that a tunnel can be sent from @throws {WormholeError} WH_ERR_CONFIG */
export function parseTunnelIp(key: string, text: string): string {
  if (isIP(text) === 0 || text.includes('%')) throw invalid(key, `must be an IP address, not ${JSON.stringify(text)}`);
  if (text === '0.0.0.0' || text === '::') throw invalid(key, `must be one address, not the wildcard ${text}`);
  return text;
}

/** @returns `text` when it is `loopback` or an address, a wildcard included @throws {WormholeError} WH_ERR_CONFIG */
export function parseLabelAddress(key: string, text: string): string {
  if (text === 'loopback' || (isIP(text) !== 0 && !text.includes('%'))) return text;
  throw invalid(key, `must be loopback or an IP address, not ${JSON.stringify(text)}`);
}

/** @throws {WormholeError} WH_ERR_CONFIG */
export function parseCidr(key: string, text: string): Cidr {
  const [, address = '', length = ''] = /^([0-9.]+)\/([0-9]{1,2})$/.exec(text) ?? [];
  const bits = Number(length);
  if (!isIPv4(address)) throw invalid(key, `must be an IPv4 range like 100.65.0.0/14, not ${JSON.stringify(text)}`);
  if (length === '' || bits < 8 || bits > 30) throw invalid(key, `must have a prefix of 8 to 30 bits, not /${length}`);
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const network = value - (value % 2 ** (32 - bits));
  return { network: [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.'), bits };
}

/** @param text `LO-HI` or one port @throws {WormholeError} WH_ERR_CONFIG */
export function parsePortRange(key: string, text: string): PortRange {
  const [, first = '', last = first] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text) ?? [];
  const [low, high] = [Number(first), Number(last)];
  if (first === '' || low < 1 || high > 65_535) {
    throw invalid(key, `must be a port or LO-HI with ports of 1 to 65535, not ${JSON.stringify(text)}`);
  }
  if (low > high) throw invalid(key, `is an empty range: ${low} is above ${high}`);
  return { low, high };
}

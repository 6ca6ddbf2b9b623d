/**
 * Where an agent may connect to: `CIDR` or `HOST`, each with a port or without, several with commas.
 *
 *   10.0.0.0/8            any port of these addresses       db.internal:5432    that name and port
 *   [2001:db8::/32]:443   IPv6 in brackets with a port      *.internal          names that end so
 *
 * Judged on the address that is about to be dialed, after its name was resolved: what a name means may change. Some are
 * never reached, whatever is allowed, unless an entry names exactly that address: link-local ones and those
 * where clouds keep a machine's credentials, and all spellings that lead to them.
 */
import { parsePort, splitHostPort } from '../../spec/host.ts';
import { invalid, show } from '../../spec/invalid.ts';
import { parseIp } from '../../spec/ip.ts';
import { type IpRange, inRange, isSingle, parseIpRange } from '../../spec/ip-range.ts';
import { forbidden } from '../../spec/policy-forbidden.ts';

interface Entry {
  readonly range?: IpRange;
  /** Lower case; `*.` in front = whatever ends so. */
  readonly name?: string;
  /** Absent = all. */
  readonly port?: number;
}

/** What is about to be dialed. */
export interface Target {
  /** As it was asked for, before it was resolved. */
  readonly name: string;
  /** Literal. */
  readonly address: string;
  readonly port: number;
}

const NO_GROUND = { controlPorts: [], localAddresses: [] };

export class AllowList {
  readonly #entries: readonly Entry[];

  /** @param entries none = everything that is not denied always */
  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** @throws {WormholeError} WH_ERR_SPEC_INVALID */
  static parse(text: string | undefined): AllowList {
    return new AllowList(text === undefined ? [] : text.split(',').map(parseEntry));
  }

  /** @returns why not; undefined when it may be dialed */
  refuses(target: Target): string | undefined {
    const bytes = parseIp(target.address.replace(/%.*$/, ''));
    if (bytes === undefined) return 'it is not an address';
    const fitting = this.#entries.filter((entry) => fits(entry, target, bytes));
    const denied = forbidden({ kind: 'ip', host: target.address, port: target.port }, NO_GROUND, false);
    if (denied !== undefined) {
      const named = fitting.some(({ range }) => range !== undefined && isSingle(range));
      return named ? undefined : denied.reason;
    }
    return this.#entries.length === 0 || fitting.length > 0 ? undefined : 'it is not on the list of what is allowed';
  }
}

function fits(entry: Entry, { name, port }: Target, bytes: readonly number[]): boolean {
  if (entry.port !== undefined && entry.port !== port) return false;
  if (entry.range !== undefined) return inRange(entry.range, bytes);
  const asked = name.toLowerCase().replace(/\.$/, '');
  const wanted = entry.name ?? '';
  return wanted.startsWith('*.') ? asked.endsWith(wanted.slice(1)) : asked === wanted;
}

function parseEntry(text: string): Entry {
  const bracketed = /^\[([^\]]+)\](?::(.+))?$/.exec(text);
  if (bracketed !== null) return { range: parseIpRange(bracketed[1] ?? ''), ...portOf(bracketed[2]) };
  if (text.split(':').length > 2) return { range: parseIpRange(text) };
  const colon = text.indexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  const port = portOf(colon < 0 ? undefined : text.slice(colon + 1));
  if (host.includes('/') || parseIp(host) !== undefined) return { range: parseIpRange(host), ...port };
  const name = host.toLowerCase();
  if (splitHostPort(name.replace(/^\*\./, '')).host === '') throw invalid(`${show(text)} names no host`);
  return { name, ...port };
}

function portOf(text: string | undefined): { port?: number } {
  if (text === undefined) return {};
  const port = parsePort(text);
  if (port === 0) throw invalid('port 0 is no port of a target');
  return { port };
}

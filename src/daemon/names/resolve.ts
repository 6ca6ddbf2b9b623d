/**
 * Host names as the place itself would resolve them.
 *
 * For a container: its /etc/hosts and /etc/resolv.conf are read as data, and its DNS servers are asked from its
 * namespace, Docker's 127.0.0.11 included. The daemon's own files, resolver and cache have no part in it, and nothing in a
 * container has a part in how the daemon resolves for the host.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Place } from '../places/place.ts';
import { readResolverFile } from './files.ts';
import { addressesInHosts, canonical, ipv4First } from './hosts.ts';
import type { Lookup } from './lookup.ts';
import { parseResolvConf, type ResolverSettings } from './resolv-conf.ts';

export interface Resolved {
  /** Literals without brackets, at least one; IPv4 first. */
  readonly addresses: readonly string[];
  /** Milliseconds until it should be asked again; Infinity for what cannot change. */
  readonly validForMs: number;
}

const hostsValidForMs = 5000;
const minValidForMs = 1000;
const maxValidForMs = 30_000;
/** For one name with all its servers, rounds and search domains, milliseconds. */
const overallMs = 15_000;

/**
 * @param host a literal (without brackets) or a name, as in a target's url
 * @param place borrowed until the answer
 * @throws {WormholeError} WH_ERR_NAME_NOT_RESOLVED, WH_ERR_ABORTED
 */
export async function resolveInPlace(host: string, place: Place, signal: AbortSignal): Promise<Resolved> {
  if (isIP(host) !== 0) return { addresses: [host], validForMs: Infinity };
  const name = /^[\x21-\x7e]+$/.test(host) ? host : domainToASCII(host);
  if (/^(.*\.)?localhost$/.test(canonical(name))) return { addresses: ['127.0.0.1', '::1'], validForMs: Infinity };
  using deadline = new Deadline(overallMs, signal);
  try {
    const listed = addressesInHosts(await readResolverFile(place, 'hosts', deadline.signal), name);
    if (listed.length > 0) return { addresses: listed, validForMs: hostsValidForMs };
    const settings = parseResolvConf(await readResolverFile(place, 'resolv.conf', deadline.signal));
    // Loaded when first needed: most wormholes lead to addresses.
    const { lookup } = await import('./lookup.ts');
    const answer = await lookup(name, settings, place.namespace, deadline.signal);
    if (answer.addresses.length === 0) throw unresolved(host, place, settings, answer.reason);
    return { addresses: ipv4First(answer.addresses), validForMs: validForMs(answer) };
  } catch (cause) {
    if (WormholeError.is(cause)) throw cause;
    if (signal.aborted) throw new WormholeError('WH_ERR_ABORTED', `gave up resolving ${host}`, { cause });
    throw unresolved(
      host,
      place,
      undefined,
      deadline.signal.aborted ? `no answer within ${overallMs} ms` : String(cause),
    );
  }
}

function validForMs({ ttl }: Lookup): number {
  return Math.min(Math.max(ttl * 1000, minValidForMs), maxValidForMs);
}

function unresolved(host: string, place: Place, settings: ResolverSettings | undefined, reason: string): WormholeError {
  const servers = settings?.servers.join(', ') ?? '';
  const isHost = place.namespace === undefined && place.root === undefined;
  const where = isHost ? 'on this host' : `in ${place.label}`;
  return new WormholeError(
    'WH_ERR_NAME_NOT_RESOLVED',
    `${host} does not resolve ${where}: ${reason}${servers === '' ? '' : ` (asked ${servers})`}; ` +
      'check the spelling, and its /etc/hosts and /etc/resolv.conf',
    { detail: { host, place: place.label, servers, reason } },
  );
}

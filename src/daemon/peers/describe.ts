/** A peer in the API's shape. */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import type { Peer as Shape } from '../../spec/api.ts';
import { formatHost } from '../../spec/host.ts';
import type { Pair } from '../invited/pairs.ts';
import type { Peer } from './peer.ts';

/** @param facts of its link as they are now @param guests that run here for it */
export function describePeer(peer: Peer, facts: LinkFacts | undefined, guests: number): Shape {
  const { name, state, reason, known } = peer;
  return {
    ...linkOf(facts),
    name,
    state,
    reason,
    source: known.source,
    addresses: known.addresses.map(({ host, port }) => `${formatHost(host)}:${port}`),
    wormholes: peer.guests.size,
    guests,
  };
}

/** A program that forwards through this daemon. */
export function describeClient(facts: LinkFacts, guests: number): Shape {
  const { name, connected } = facts;
  const state = connected ? 'up' : 'lost';
  return { ...linkOf(facts), name, state, reason: '', source: 'client', addresses: [], wormholes: 0, guests };
}

/** An invitation that nobody has come with. */
export function describeInvited({ identity, expires = 0, attach }: Pair): Shape {
  const place = attach === undefined ? '' : `, to container ${attach}`;
  const reason = `nobody has come with its token, which is good until ${new Date(expires * 1000).toISOString()}${place}`;
  const none = { addresses: [], wormholes: 0, guests: 0 };
  return { ...linkOf(undefined), name: identity, state: 'invited', reason, source: 'invited', ...none };
}

function linkOf(
  facts: LinkFacts | undefined,
): Pick<
  Shape,
  | 'address'
  | 'path'
  | 'carrier'
  | 'carrierReason'
  | 'datagrams'
  | 'identity'
  | 'host'
  | 'version'
  | 'rttMs'
  | 'clockSkewMs'
  | 'streams'
> {
  if (facts === undefined) {
    const none = {
      address: '',
      path: '',
      carrier: '',
      carrierReason: '',
      datagrams: '',
      identity: '',
      host: '',
      version: '',
    } as const;
    return { ...none, rttMs: null, clockSkewMs: null, streams: 0 };
  }
  const { address, dialed, identity, host, version, rttMs, skewMs, streams, datagrams, carrier, carrierReason } = facts;
  const how = { path: dialed ? 'direct' : 'joined', carrier, carrierReason, datagrams } as const;
  return { address, ...how, identity, host, version, rttMs, clockSkewMs: skewMs, streams };
}

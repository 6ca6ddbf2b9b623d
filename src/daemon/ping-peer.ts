/**
 * Pings a peer for somebody else; for another peer that is a dial like any other.
 */

import { WormholeError } from '../lib/errors.ts';
import { CONTROL_PORT, formatAddress } from '../spec/address.ts';
import type { PingAnswer, PingRequest } from '../spec/api.ts';
import type { PeerAddress } from '../spec/plan.ts';
import type { Caller } from './api/operations.ts';
import { hostPlace } from './places/open.ts';
import type { Policies } from './policy/policies.ts';
import { readAddress } from './read-address.ts';

/** Milliseconds that a peer may take to answer a ping. */
const PEER_PING_MS = 10_000;

export interface PingPeerOptions {
  /** Key for peers. */
  readonly keyFile: string;
  readonly policies: Pick<Policies, 'peer'>;
}

/**
 * Asks as a client would; the peer's own answer comes back, with the time it took.
 *
 * @param address as written
 * @throws {WormholeError} WH_ERR_POLICY when a peer asks and may not; and all that a client can run into
 */
export async function pingPeer(
  payload: PingRequest['payload'],
  address: string,
  options: PingPeerOptions,
  { origin, signal }: Caller,
): Promise<PingAnswer> {
  if (origin.kind !== 'peer') return await ping(payload, address, options, signal);
  let unreached: unknown;
  for (const literal of await permitted(readAddress(address), origin.identity, options, signal)) {
    try {
      return await ping(payload, literal, options, signal);
    } catch (error) {
      // Another address may be a better one.
      if (signal.aborted || !WormholeError.is(error) || error.code !== 'WH_ERR_DAEMON_UNREACHABLE') throw error;
      unreached = error;
    }
  }
  throw unreached;
}

async function ping(
  payload: PingRequest['payload'],
  address: string,
  { keyFile }: PingPeerOptions,
  signal: AbortSignal,
): Promise<PingAnswer> {
  const { connect } = await import('../client/connect.ts');
  await using client = await connect({ address, keyFile, timeoutMs: PEER_PING_MS });
  const started = performance.now();
  const { rttMs: _rtt, connectMs: _connect, ...answer } = await client.ping({ payload, signal });
  return { ...answer, peerRttMs: performance.now() - started };
}

/** What the address means, as literals that can be dialed as they are: all of them are allowed, or none is dialed. */
async function permitted(
  peer: PeerAddress,
  identity: string,
  { policies }: PingPeerOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (peer.kind === 'unix') {
    policies.peer(identity, peer, '');
    return [formatAddress(peer)];
  }
  const [host, port] = peer.kind === 'name' ? [peer.name, CONTROL_PORT] : [peer.host, peer.port];
  const { resolveInPlace } = await import('./names/resolve.ts');
  const { addresses } =
    host === '' || host.includes('%')
      ? { addresses: [host === '' ? '127.0.0.1' : host] }
      : await resolveInPlace(host, hostPlace(), signal);
  for (const literal of addresses) policies.peer(identity, peer, literal);
  return addresses.map((literal) => formatAddress({ kind: 'tcp', host: literal, port }));
}

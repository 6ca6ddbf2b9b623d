/** A peer that is known by nothing but where it is, or by the name of a host; it holds the common key. */
import { WormholeError } from '../../lib/errors.ts';
import type { PeerAddress } from '../../spec/plan.ts';
import type { KnownPeer } from './known-peer.ts';

/** @throws {WormholeError} WH_ERR_UNSUPPORTED for a unix socket */
export function knownAt(
  address: PeerAddress,
  what: Pick<KnownPeer, 'name' | 'source' | 'identity' | 'ownIdentity' | 'key' | 'resumeMs'>,
): KnownPeer {
  if (address.kind === 'unix') {
    throw new WormholeError('WH_ERR_UNSUPPORTED', 'a peer is reached over TCP; a unix socket leads to this machine');
  }
  const endpoint =
    address.kind === 'tcp'
      ? { host: address.host || '127.0.0.1', port: address.port }
      : { host: address.name, port: 9999 };
  return { ...what, addresses: [endpoint] };
}

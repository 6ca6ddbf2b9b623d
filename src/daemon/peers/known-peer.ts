/** What this daemon knows of a peer before it has ever met it. */
import type { PeerEndpoint } from '../../carrier/link/endpoints.ts';
import type { Secret } from '../../lib/secret.ts';

export interface KnownPeer {
  /** As it is written after `remote`. */
  readonly name: string;
  /** Where it is dialed, the preferred one first; empty when it can only dial us. */
  readonly addresses: readonly PeerEndpoint[];
  /** Whom its key proves it to be. */
  readonly identity: string;
  /** As whom this daemon proves to hold the key. */
  readonly ownIdentity: string;
  /** @throws {WormholeError} WH_ERR_KEY_FILE */
  readonly key: () => Secret;
  /** Milliseconds that a session waits for another connection. */
  readonly resumeMs: number;
  /** Its connections are wanted over QUIC. */
  readonly quic?: boolean;
  readonly source: 'config' | 'join' | 'spec' | 'joined';
}

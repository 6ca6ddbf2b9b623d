/** What invitations (`invitations.ts`) need of the daemon. */
import type { Logger } from '../log.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { Pairs } from './pairs.ts';

export interface InvitationsOptions {
  readonly pairs: Pairs;
  /** What this daemon calls itself. */
  readonly name: string;
  readonly peers: () => Pick<Peers, 'list' | 'meet' | 'unlink' | 'left'>;
  /**
   * Tells the other end this one's part of the key that the two keep.
   *
   * @param publicKey base64
   * @returns the container there that tunnels have to end in @throws {WormholeError}
   */
  readonly accept: (peer: Peer, publicKey: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Identities open the control port by other keys than before. Resolves when it does; does not reject. */
  readonly onKeys: () => Promise<void>;
  /** Who has that identity is a stranger: what there is of tunnels with it goes. Resolves when it is gone. */
  readonly onStranger: (identity: string) => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** What the carrier is started with (`listener.ts`). */
import type { MessagePort } from 'node:worker_threads';
import type { WormholeError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import type { OwnedFd } from '../sys/fd.ts';
import type { CarrierEvent } from './events.ts';
import type { QuicPeer } from './lane/lanes-of.ts';
import type { CarrierLimits } from './limits.ts';
import type { Own } from './link/links.ts';
import type { LinkChange } from './messages.ts';
import type { CarrierPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

export interface CarrierOptions {
  /** The compiled worker: a module that calls `serveCarrier`. */
  readonly entry: URL;
  /** All are bound, or none. */
  readonly addresses: readonly ListenAddress[];
  /** PSK identity → key, of those who may dial us. */
  readonly keys: ReadonlyMap<string, Secret>;
  readonly own: Own;
  /** Names that only one identity may use. */
  readonly names?: ReadonlyArray<readonly [name: string, identity: string]>;
  /** Peers whose connections are wanted over QUIC. */
  readonly quic?: readonly QuicPeer[];
  /** Given to whoever serves the streams of peers in the worker. */
  readonly streams?: MessagePort;
  readonly limits?: Partial<CarrierLimits>;
  /**
   * Called for each connection that proved a key and speaks HTTP: one end of a socket pair, in the clear, owned by
   * the callee. Its first bytes are already on their way.
   */
  readonly onHttp: (plain: OwnedFd, peer: CarrierPeer) => void;
  readonly onLink?: (link: number, change: LinkChange) => void;
  /** Lines for the log, at level info, at a bounded rate. */
  readonly onEvent?: (event: CarrierEvent) => void;
  /** The worker died and every connection with it; called at most once, never after `close`. */
  readonly onFailure: (error: WormholeError) => void;
}

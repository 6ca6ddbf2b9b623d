/**
 * What the main thread and the carrier worker say to each other. Plain data, and descriptors as numbers.
 *
 *     main                         worker
 *      │ start ──────────────────►  │
 *      │ ◄── listening │ refused    │
 *      │ ◄────────────────── http 7 │   a connection wants the control API
 *      │ pair 7 (fd) ─────────────► │   owns fd from here on
 *      │ ◄───────────────── taken 7 │
 *      │ ask 8: dial, api, … ─────► │   of an fd in it the worker is the owner from here on
 *      │ ◄────────────── answer 8   │
 *      │ ◄───────────────────  link │   a link is up, lost, resumed, draining, over
 *      │ close ──────────────────►  │   then the thread ends
 */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../lib/errors.ts';
import type { CarrierEvent } from './events.ts';
import type { KeyEntries } from './keys.ts';
import type { QuicPeer } from './lane/lanes-of.ts';
import type { CarrierLimits } from './limits.ts';
import type { PeerTarget } from './link/dial.ts';
import type { LinkFacts } from './link/facts.ts';
import type { DialOptions, Own } from './link/links.ts';
import type { CarrierPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

/** What the worker is asked to do, and answers when it is done. */
export type Ask =
  /** Replaces the keys for handshakes from now on; connections stay. */
  { readonly ask: 'keys'; readonly keys: KeyEntries } | LinkAsk;

export type LinkAsk =
  /** Makes a link. Answered with its facts. */
  | { readonly ask: 'dial'; readonly target: PeerTarget; readonly options: DialOptions }
  /** Opens the peer's control API: joins `fd`, in the clear, with a stream to it. Answered before the peer has. */
  | { readonly ask: 'api'; readonly link: number; readonly fd: number }
  /** Answered with milliseconds. */
  | { readonly ask: 'ping'; readonly link: number }
  /** Answered with the facts as they are now. */
  | { readonly ask: 'facts'; readonly link: number }
  /** Drops the connection under a link. */
  | { readonly ask: 'kick'; readonly link: number }
  /** Lets its streams end, or not, and ends it. */
  | { readonly ask: 'end'; readonly link: number; readonly now: boolean };

export type ToCarrier =
  | {
      readonly type: 'start';
      readonly addresses: readonly ListenAddress[];
      readonly keys: KeyEntries;
      readonly limits: CarrierLimits;
      readonly own: Own;
      /** Name → the only identity that may use it. */
      readonly names: ReadonlyArray<readonly [name: string, identity: string]>;
      /** Peers whose connections are wanted over QUIC. */
      readonly quic: readonly QuicPeer[];
      /** To whoever serves the streams of peers in that thread. */
      readonly streams?: MessagePort;
    }
  /** The worker's end of a socket pair; it closes it. */
  | { readonly type: 'pair'; readonly id: number; readonly fd: number }
  /** There is no pair to be had, e.g. EMFILE. */
  | { readonly type: 'no-pair'; readonly id: number; readonly code: string }
  | { readonly type: 'ask'; readonly id: number; readonly ask: Ask }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'unask'; readonly id: number }
  /** Whoever serves the streams of peers is wanted, though there is no link. */
  | { readonly type: 'wake' }
  /** No more connections, and no more streams; those that are open go on. */
  | { readonly type: 'stop' }
  | { readonly type: 'close'; readonly drainMs: number };

export type LinkChange =
  | { readonly change: 'up'; readonly facts: LinkFacts }
  | { readonly change: 'lost'; readonly reason: string }
  /** @property address of the peer now, `HOST:PORT` */
  | { readonly change: 'resumed'; readonly address: string }
  /** Its connections travel by another carrier now, or by that one for the first time. */
  | { readonly change: 'carrier'; readonly carrier: 'quic' | 'tls'; readonly reason: string }
  /** No more streams can be opened on it. */
  | { readonly change: 'draining' }
  | { readonly change: 'over'; readonly reason: string };

export type FromCarrier =
  | {
      readonly type: 'listening';
      readonly addresses: readonly ListenAddress[];
      readonly descriptors: readonly number[];
    }
  | { readonly type: 'refused'; readonly address: ListenAddress; readonly code: string }
  | { readonly type: 'http'; readonly id: number; readonly peer: CarrierPeer }
  | { readonly type: 'taken'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'link'; readonly link: number; readonly change: LinkChange }
  | { readonly type: 'event'; readonly event: CarrierEvent };

/**
 * What the main thread and the carrier worker say to each other. Plain data, and descriptors as numbers.
 *
 *     main                         worker
 *      │ start ──────────────────►  │
 *      │ ◄── listening │ refused    │
 *      │ ◄────────────────── http 7 │   a connection wants the control API
 *      │ pair 7 (fd) ─────────────► │   owns fd from here on
 *      │ ◄───────────────── taken 7 │
 *      │ close ──────────────────►  │   then the thread ends
 */
import type { CarrierEvent } from './events.ts';
import type { KeyEntries } from './keys.ts';
import type { CarrierLimits } from './limits.ts';
import type { CarrierPeer } from './peer.ts';
import type { ListenAddress } from './server.ts';

export type ToCarrier =
  | {
      readonly type: 'start';
      readonly addresses: readonly ListenAddress[];
      readonly keys: KeyEntries;
      readonly limits: CarrierLimits;
    }
  | { readonly type: 'keys'; readonly keys: KeyEntries }
  /** The worker's end of a socket pair; it closes it. */
  | { readonly type: 'pair'; readonly id: number; readonly fd: number }
  /** There is no pair to be had, e.g. EMFILE. */
  | { readonly type: 'no-pair'; readonly id: number; readonly code: string }
  | { readonly type: 'close'; readonly drainMs: number };

export type FromCarrier =
  | { readonly type: 'listening'; readonly addresses: readonly ListenAddress[] }
  | { readonly type: 'refused'; readonly address: ListenAddress; readonly code: string }
  | { readonly type: 'http'; readonly id: number; readonly peer: CarrierPeer }
  | { readonly type: 'taken'; readonly id: number }
  | { readonly type: 'event'; readonly event: CarrierEvent };

/**
 * What a data plane in another thread and its user say to each other: plain data and descriptor numbers.
 *
 * A number in a message is given away by the sender: the receiver owns it from then on and closes it, also when it has no
 * use for the message. Messages with a `seq` are answered by an `ack` once done. Counters are in shared memory.
 */
import { type ErrorCode, WormholeError } from '../../lib/errors.ts';
import type { Destination } from '../connect/destination.ts';
import type { WireConnected, WireRouteOptions, WireTarget } from '../messages.ts';
import type { ConnectionRecord, ServedTrace } from '../route.ts';

/** An answer to a question for targets, or targets that nobody asked for. */
export interface WireAnswer {
  readonly targets: readonly WireTarget[];
  readonly validForMs: number;
  readonly connected?: WireConnected;
}

/** A question of one client, about the destination that it named. */
export interface NamedQuestion {
  readonly destination: Destination;
  readonly client: string;
}

/** Why something could not be done. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
}

export type ToPlane =
  | {
      readonly type: 'open';
      readonly route: number;
      readonly options: WireRouteOptions;
      readonly counters: SharedArrayBuffer;
    }
  | { readonly type: 'listen'; readonly seq: number; readonly route: number; readonly fd: number }
  | { readonly type: 'unlisten'; readonly seq: number; readonly route: number }
  | { readonly type: 'retarget'; readonly seq: number; readonly route: number; readonly targets: WireAnswer }
  /** Drains; the answer comes when nothing is left. May be sent again with less. */
  | { readonly type: 'close'; readonly seq: number; readonly route: number; readonly drainMs: number }
  /** Each question is settled by one of these two, also one that was withdrawn. */
  | { readonly type: 'answer'; readonly route: number; readonly question: number; readonly targets: WireAnswer }
  | { readonly type: 'refuse'; readonly route: number; readonly question: number; readonly error: WireError };

export type FromPlane =
  | { readonly type: 'ack'; readonly seq: number; readonly route: number; readonly error?: WireError }
  | { readonly type: 'ask'; readonly route: number; readonly question: number; readonly named?: NamedQuestion }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'unask'; readonly route: number; readonly question: number }
  | { readonly type: 'served'; readonly route: number; readonly trace: ServedTrace }
  | { readonly type: 'closed'; readonly route: number; readonly records: readonly ConnectionRecord[] };

export function wireError(error: unknown): WireError {
  const message = error instanceof Error ? error.message : String(error);
  return { code: WormholeError.is(error) ? error.code : 'WH_ERR_INTERNAL', message };
}

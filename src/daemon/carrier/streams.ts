/**
 * What the main thread and the carrier's worker tell each other about the streams of peers: which route serves which guest,
 * and what becomes of guests at either end.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Notice } from '../../carrier/link/notice.ts';

export type ToStreams =
  /** The line to the worker's data plane, and what it shares with the relay workers: see `proxy/passing.ts`. */
  | { readonly type: 'plane'; readonly port: MessagePort; readonly passing: SharedArrayBuffer }
  /** Connections for that guest go to that route; only of links that proved `identity`. */
  | { readonly type: 'arrive'; readonly guest: string; readonly route: number; readonly identity: string }
  | { readonly type: 'leave'; readonly guest: string }
  /** To whoever asked on that link. */
  | { readonly type: 'tell'; readonly link: number; readonly notice: Notice }
  /** Each guest that there is was told of on that link. */
  | { readonly type: 'all-told'; readonly link: number }
  /** Somebody here wants to hear of guests at the end of that link, or nobody does. */
  | { readonly type: 'listen'; readonly link: number; readonly wanted: boolean }
  /** It takes no more streams: nothing more is told or heard on it. */
  | { readonly type: 'hush'; readonly link: number };

export type FromStreams =
  /** The owner of guests here wants to hear of them, or does no longer. */
  | { readonly type: 'watch'; readonly link: number; readonly host: string; readonly identity: string }
  | { readonly type: 'unwatch'; readonly link: number }
  /** The peer begins anew: it tells of each guest that there is, and then that this was all. */
  | { readonly type: 'asked' | 'all-told'; readonly link: number }
  | { readonly type: 'heard'; readonly link: number; readonly notices: readonly Notice[] }
  /** Nothing more is heard on that link. */
  | { readonly type: 'deaf'; readonly link: number; readonly reason: string };

/**
 * What the main thread tells the carrier's worker about the streams of peers: which route serves which guest.
 */
import type { MessagePort } from 'node:worker_threads';

export type ToStreams =
  /** The line to the worker's data plane. */
  | { readonly type: 'plane'; readonly port: MessagePort }
  /** Connections for that guest go to that route; only of links that proved `identity`. */
  | { readonly type: 'arrive'; readonly guest: string; readonly route: number; readonly identity: string }
  | { readonly type: 'leave'; readonly guest: string };

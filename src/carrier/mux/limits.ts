/**
 * What a session may cost, and how it behaves: tuning, not protocol. Two ends need not agree.
 */
import { initialWindow } from './frame.ts';

export interface MuxLimits {
  /** Streams at once that we open; more are refused where they are opened. */
  readonly maxLocalStreams: number;
  /** Streams at once that the peer opens; more are reset. */
  readonly maxRemoteStreams: number;
  /** Streams of the peer that were not accepted yet; more are reset. Ours wait when as many were not acknowledged: 256 is what hashicorp/yamux takes. */
  readonly backlog: number;
  /** Bytes that one stream's receive window may grow to; what an unread stream can hold. */
  readonly maxStreamWindow: number;
  /** Bytes beyond the initial windows that all streams' receive windows may grow by, together. */
  readonly maxGrowth: number;
  /** Bytes of payload in one frame, and of one stream before it is another's turn, while others wait for theirs. */
  readonly quantum: number;
  /** Bytes that are gathered into one write. */
  readonly batch: number;
  /** Bytes of one stream that wait to be sent before `write` says to wait. */
  readonly sendQueue: number;
  /** The same where memory is scarce. */
  readonly scarceSendQueue: number;
  /** Answers that the peer makes us owe and does not read (pings, refused streams); more end the session. */
  readonly maxOwed: number;
  /** Milliseconds between looks at the peer. */
  readonly tickMs: number;
  /** Milliseconds of silence after which the peer is asked for a sign of life. */
  readonly pingAfterMs: number;
  /** Milliseconds of silence after which it is dead; with two ticks the time to notice. */
  readonly deadAfterMs: number;
}

export const muxDefaults: MuxLimits = {
  maxLocalStreams: 16_384,
  maxRemoteStreams: 16_384,
  backlog: 256,
  maxStreamWindow: 16 * 1024 * 1024,
  maxGrowth: 64 * 1024 * 1024,
  quantum: 64 * 1024,
  batch: 256 * 1024,
  sendQueue: initialWindow,
  scarceSendQueue: 16 * 1024,
  maxOwed: 4_096,
  tickMs: 500,
  pingAfterMs: 1_000,
  deadAfterMs: 4_000,
};

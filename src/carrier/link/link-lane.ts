/**
 * What links know of lanes: a lane is a QUIC connection beside a link, for its connections. See `../lane/lanes.ts`.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';
import type { StreamHead } from './head.ts';

export interface LinkLane {
  /** What carries connections now. */
  readonly carrier: 'quic' | 'tls';
  /** Why it is not QUIC; empty when it is. */
  readonly reason: string;
  /** Streams of the lane that are open. */
  readonly streams: number;
  /** A stream for that head, which was not sent. @returns undefined when the link has to carry it */
  open(head: StreamHead): ByteStream | undefined;
  /**
   * Opens a stream and waits for the peer's yes.
   *
   * @returns undefined when the lane cannot: the link has to
   * @throws {WormholeError} the peer's no; or the reason of `signal`
   */
  ask(head: StreamHead, signal: AbortSignal): Promise<readonly [ByteStream, Buffer] | undefined>;
}

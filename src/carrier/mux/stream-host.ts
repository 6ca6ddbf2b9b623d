/** What a stream asks of the session that carries it. */
import type { MuxStream } from './stream.ts';

export interface StreamHost {
  /** Bytes that may wait to be sent. */
  readonly sendQueue: number;
  ready(stream: MuxStream): void;
  /** Sends now what can be sent. */
  flush(): void;
  grantDue(stream: MuxStream): void;
  accepted(stream: MuxStream): void;
  /**
   * It is over on this side.
   *
   * @param flags what the peer is to be told: nothing, or RST, with the ACK that it was still owed
   */
  over(stream: MuxStream, flags: number): void;
}

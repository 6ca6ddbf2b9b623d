/** What a stream asks of the session that carries it. */
import type { Held } from '../memory.ts';
import type { MuxStream } from './stream.ts';

export interface StreamHost {
  /** What is held is counted there. */
  readonly memory: Held;
  /** Bytes that may wait to be sent. */
  sendQueue(): number;
  /** More waits in it than its user or the peer takes: it may have to end. */
  holding(stream: MuxStream): void;
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

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
  /** It is over on this side; `tell` when the peer does not know. */
  over(stream: MuxStream, tell: boolean): void;
}

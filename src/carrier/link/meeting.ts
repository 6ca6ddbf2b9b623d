/**
 * A stream that the peer opened, until its head has come: then it is accepted, and somebody's to answer.
 *
 * Most heads come with the stream itself: nothing is waited for then, and whoever serves it begins in the same turn.
 */
import type { MuxStream } from '../mux/stream.ts';
import { awaitFrameFor } from './frame.ts';
import { parseHead } from './head.ts';
import { type BeginFlow, Incoming } from './incoming.ts';
import { asWormholeError } from './reasons.ts';

export interface Meeting {
  /** Milliseconds that the head may take. */
  readonly ms: number;
  readonly beginFlow: BeginFlow;
  /** What it throws is what the stream is refused with. */
  readonly onIncoming: (incoming: Incoming) => void;
}

/** @param stream taken over; refused when its head is wrong, or does not come */
export function meet(stream: MuxStream, { ms, beginFlow, onIncoming }: Meeting): void {
  const refuse = (error: unknown): void => {
    if (!stream.closed) new Incoming(stream, undefined, Buffer.alloc(0)).refuse(asWormholeError(error));
  };
  awaitFrameFor(stream, ms, {
    onFrame: ({ value, rest }) => {
      try {
        stream.accept(); // Those that say nothing stay the backlog, of which there is little.
        onIncoming(new Incoming(stream, parseHead(value), rest, beginFlow));
      } catch (error) {
        refuse(error);
      }
    },
    onFail: refuse,
  });
}

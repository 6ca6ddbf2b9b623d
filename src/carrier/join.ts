/**
 * Joins two streams of this process: what comes out of one goes into the other, until both directions have ended.
 */
import { type Duplex, pipeline } from 'node:stream';

/**
 * Joins `a` and `b` and takes both.
 *
 * A direction that ends ends the other side's writing only, so half-closed connections live on; a stream that breaks
 * takes the other with it. Back-pressure is the streams' own. Never throws.
 *
 * @param onEnd called once, when both directions are over; with the first error, if there was one
 */
export function join(a: Duplex, b: Duplex, onEnd: (error: Error | undefined) => void): void {
  let open = 2;
  let first: Error | undefined;
  const ended = (error: Error | null | undefined): void => {
    first ??= error ?? undefined;
    open -= 1;
    if (open > 0) return;
    a.destroy();
    b.destroy();
    onEnd(first);
  };
  pipeline(a, b, ended);
  pipeline(b, a, ended);
}

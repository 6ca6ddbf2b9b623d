/** What hangs on a tail by a link: a segment of this daemon (`child.ts`), or the rest of the spec on a peer (`remote/`). */
import type { Pull, Segment as Shape } from '../../spec/api.ts';
import type { Segment } from './segment.ts';

export interface Hanging extends AsyncDisposable {
  /** Of this daemon, once it was made. */
  readonly segment: Segment | undefined;
  /** How far an image is that is being pulled for it on a peer. */
  readonly pull: Pull | undefined;
  /** Makes it, if it is not there yet; a failed attempt leaves nothing. @param eager whether what does not work is an error */
  ensure(signal: AbortSignal, eager: boolean): Promise<unknown>;
  /** The parent's tail follows no longer. */
  settle(): Promise<void>;
  /** Each of its segments, wherever it runs, as it is now. */
  describe(signal: AbortSignal): Promise<Shape[]>;
  /** It is not wanted any more: what it made outside of this process goes. @throws {AggregateError} of what would not go */
  remove(signal: AbortSignal): Promise<void>;
}

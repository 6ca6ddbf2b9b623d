/** What a session is made with, and whom it tells. */
import type { WormholeError } from '../../lib/errors.ts';
import type { Clock } from '../byte-pipe.ts';
import type { Held } from '../memory.ts';
import type { MuxLimits } from './limits.ts';
import type { MuxStream } from './stream.ts';

export interface MuxOptions {
  /** True at the end that dialed; exactly one end must say so. */
  readonly dialed: boolean;
  /** The peer opened a stream: `accept` it, now or later, or `reset` it. */
  readonly onStream: (stream: MuxStream) => void;
  /** The peer will take no more streams (GOAWAY); those that are open go on. */
  readonly onDraining?: () => void;
  /** Over: all streams, too. Without a reason after an orderly end of either side. */
  readonly onClose: (reason?: WormholeError) => void;
  readonly limits?: Partial<MuxLimits>;
  readonly clock?: Clock;
  /** Where it is told what streams hold; absent = nowhere. */
  readonly memory?: Held;
}

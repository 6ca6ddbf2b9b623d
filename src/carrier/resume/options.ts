/**
 * What a session under resumption is made of, whichever end it is.
 */
import type { Clock } from '../byte-pipe.ts';
import type { Held } from '../memory.ts';
import type { ResumeLimits } from './limits.ts';
import type { Role } from './proof.ts';

export interface ResumablePipeOptions {
  readonly role: Role;
  /** From the exporter of the session's first connection; 32 bytes or more. */
  readonly secret: Buffer;
  /** The connection is lost, and another is needed. Called with each loss. */
  readonly onLost?: (reason: string) => void;
  readonly onOver?: () => void;
  /** Where it is told what is kept; absent = nowhere. */
  readonly memory?: Held;
  readonly limits?: Partial<ResumeLimits>;
  readonly clock?: Clock;
}

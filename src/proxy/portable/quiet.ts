/**
 * Notices that a connection has gone quiet. One timer per connection: a byte only notes the time, the timer looks at
 * the note when it fires.
 */
import { TIMER_MAX_MS } from './patience.ts';
import { now } from './targets.ts';

/** A watch over one connection. */
export interface Quiet {
  /** A byte moved. */
  touch(): void;
  /** One direction has ended; from now on the linger counts, too. */
  halfOpen(): void;
  stop(): void;
}

export interface QuietLimits {
  /** Milliseconds; 0 = off. */
  readonly connIdleMs: number;
  /** Milliseconds; 0 = off. */
  readonly halfOpenLingerMs: number;
}

/** @param onQuiet called at most once, with the limit that was reached */
export function watchQuiet(limits: QuietLimits, onQuiet: (reason: 'conn-idle' | 'half-open-linger') => void): Quiet {
  const idleMs = limits.connIdleMs > 0 ? limits.connIdleMs : Number.POSITIVE_INFINITY;
  const lingerMs = limits.halfOpenLingerMs > 0 ? limits.halfOpenLingerMs : Number.POSITIVE_INFINITY;
  let last = now();
  let half = false;
  let timer: NodeJS.Timeout | undefined;

  const arm = (): void => {
    clearTimeout(timer);
    const limit = half ? Math.min(idleMs, lingerMs) : idleMs;
    if (limit === Number.POSITIVE_INFINITY) return;
    const left = last + limit - now();
    // rounded up: a timer may fire a fraction of a millisecond early
    if (left > 0) timer = setTimeout(arm, Math.min(Math.ceil(left), TIMER_MAX_MS));
    else onQuiet(half && lingerMs <= idleMs ? 'half-open-linger' : 'conn-idle');
  };
  arm();

  return {
    touch: () => {
      last = now();
    },
    halfOpen: () => {
      last = now();
      half = true;
      arm();
    },
    stop: () => clearTimeout(timer),
  };
}

/**
 * Waiting for something to be made, but not for ever, and not for who has left.
 */

/** setTimeout takes no more; longer is as good as never. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** How long somebody waits. */
export interface Patience {
  /** Milliseconds; Infinity = the kernel's own limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Starts something and waits until it is made or refused.
 *
 * @param start returns what undoes it when it is not wanted any more; it may go on to report, nobody listens then
 * @throws what was refused with, ETIMEDOUT after `timeoutMs`, or the signal's reason
 */
export function patiently<T>(
  { timeoutMs, signal }: Patience,
  start: (made: (thing: T) => void, refuse: (error: Error) => void) => (reason: Error) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let undo: ((reason: Error) => void) | undefined;
    const settle = (): void => {
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    };
    const made = (thing: T): void => {
      if (settled) return;
      settle();
      resolve(thing);
    };
    const give = (error: Error): void => {
      if (settled) return;
      settle();
      reject(error);
      undo?.(error);
    };
    const aborted = (): void => give(signal.reason as Error);
    const late = (): void => give(timedOut(timeoutMs));
    const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, clamped(timeoutMs));
    signal.addEventListener('abort', aborted, { once: true });
    undo = start(made, give);
  });
}

function clamped(ms: number): number {
  return Math.min(ms, TIMER_MAX_MS);
}

function timedOut(ms: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ETIMEDOUT: no answer within ${Math.round(ms)} ms`), { code: 'ETIMEDOUT' });
}

/**
 * Waiting for connections to end, but not for ever.
 */
import { TIMER_MAX_MS } from './patience.ts';

/** Resolves when `rest` has settled, or after `drainMs` (0 = at once). */
export async function drained(rest: Promise<unknown>, drainMs: number): Promise<void> {
  if (drainMs <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(drainMs, TIMER_MAX_MS));
  });
  await Promise.race([rest, over]);
  clearTimeout(timer);
}

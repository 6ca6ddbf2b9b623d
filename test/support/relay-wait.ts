/**
 * Bounded waiting for relay tests: what is awaited either happens or names itself in the failure.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { patience } from './patience.ts';

/** Far beyond anything that happens in a test that passes, also on a busy machine; an emulated one is slower yet. */
const PATIENCE_MS = 30_000 * patience;

/** What takes long is looked at every so many milliseconds: a look may cost a program. */
const SELDOM_MS = 50 * Math.min(patience, 4);

/** Resolves with the first value that is neither undefined, false nor null; looks often at first. */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    const waited = performance.now() - began;
    if (waited > PATIENCE_MS) throw new Error(`waited in vain until ${what}`);
    await pause(Math.min(5 + waited / 10, SELDOM_MS));
  }
}

/** Lets whatever is under way in both directions come to rest, before a test says that nothing happened. */
export async function settle(): Promise<void> {
  await pause(150);
}

/** Rejects when `promise` takes longer than patience lasts. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = pause(PATIENCE_MS, undefined, { signal: controller.signal }).then(
    () => Promise.reject(new Error(`waited in vain for ${what}`)),
    () => promise,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}

/** Waiting, and waiting longer each time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`; rejects when `signal` aborts. A waiting retry keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false });
}

/** Delays in ms: from `first`, doubled up to `last`, each shortened at random by up to a quarter. */
export function* backOff(first: number, last: number, random: () => number = Math.random): Generator<number, never> {
  for (let delay = first; ; delay = Math.min(delay * 2, last)) yield delay * (1 - random() / 4);
}

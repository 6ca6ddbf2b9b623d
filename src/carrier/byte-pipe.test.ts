import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from './byte-pipe.ts';

test('ticks that were begun at different times come together, so that an idle thread is woken once for all of them', async () => {
  let ticks = 0;
  /** Of the event loop, those in which somebody was called. */
  let turns = 0;
  let inTurn = false;
  const tick = (): void => {
    ticks += 1;
    if (inTurn) return;
    inTurn = true;
    turns += 1;
    setImmediate(() => (inTurn = false));
  };
  const stops: Array<() => void> = [];
  for (const ms of [80, 80, 80, 40]) {
    stops.push(systemClock.every(ms, tick));
    await sleep(13);
  }
  while (ticks < 40) await sleep(5);
  for (const stop of stops) stop();
  // One by one each would have a turn of its own.
  expect(turns).toBeLessThan(0.75 * ticks);
  const last = ticks;
  await sleep(200);
  expect(ticks).toBe(last);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayWindow, windowSize } from './replay-window.ts';

test('the window reaches far enough for a fragmented datagram and reordering around it', () => {
  expect(windowSize).toBeGreaterThanOrEqual(2_048);
});

test('A11: a number is fresh once, whatever came in between, and never when it is too old to tell', () => {
  const step = fc.oneof(
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: -windowSize - 70, max: -windowSize + 70 }),
    fc.integer({ min: windowSize - 70, max: windowSize + 70 }),
    fc.integer({ min: 0, max: 3 * windowSize }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.constantFrom(0, 2 ** 32 - 50, 2 ** 53 - 10_000_000),
      (steps, start) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = 0;
        if (start > 0) {
          window.mark(start);
          seen.add(start);
          highest = start;
        }
        for (const jump of steps) {
          const number = Math.max(0, highest + jump);
          const fresh = number > 0 && !seen.has(number) && number > highest - windowSize;
          expect(window.isFresh(number)).toBe(fresh);
          if (!fresh) continue;
          window.mark(number);
          seen.add(number);
          highest = Math.max(highest, number);
          expect(window.highest).toBe(highest);
          expect(window.isFresh(number)).toBe(false);
        }
      },
    ),
    { numRuns: 300 },
  );
});

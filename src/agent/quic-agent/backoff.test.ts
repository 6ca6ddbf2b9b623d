import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

const waits = (backoff: Backoff, count: number): number[] => Array.from({ length: count }, () => backoff.next());

test('failures are waited for longer each time, up to ten seconds', () => {
  expect(waits(new Backoff(() => 1), 8)).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('no two agents dial at the same moment for long', () => {
  const [least, most] = [new Backoff(() => 0), new Backoff(() => 1)];
  expect(waits(least, 3)).toEqual([100, 200, 400]);
  expect(waits(most, 3)).toEqual([200, 400, 800]);
});

test('a connection that had stood is dialed again at once, and then as ever', () => {
  const backoff = new Backoff(() => 1);
  waits(backoff, 5);
  backoff.succeeded();
  expect(waits(backoff, 3)).toEqual([0, 200, 400]);
});

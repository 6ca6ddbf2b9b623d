import { expect, test } from 'vitest';
import { LineRate } from './line-rate.ts';

test('A26 lets a few lines through at once, one a second after that, and counts the rest', () => {
  let now = 0;
  const rate = new LineRate(() => now);
  const taken = Array.from({ length: 100 }, () => rate.take()).filter((line) => line !== undefined);
  expect(taken).toEqual(Array.from({ length: 10 }, () => 0));
  now = 1000;
  expect([rate.take(), rate.take()]).toEqual([90, undefined]);
  now = 1_000_000;
  expect(Array.from({ length: 100 }, () => rate.take()).filter((line) => line !== undefined)).toHaveLength(10);
});

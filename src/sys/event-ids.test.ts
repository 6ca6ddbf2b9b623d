import { expect, test } from 'vitest';
import { EventIds } from './event-ids.ts';

test('numbers begin anew after 32 bits, without those that are still in use, and without 0', () => {
  const ids = new EventIds(2 ** 32 - 3);
  const used = new Set([1, 3]);
  expect(Array.from({ length: 4 }, () => ids.next(used))).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 2, 4]);
});

import { expect, test } from 'vitest';
import { Crowd, type Seated } from './crowd.ts';

test('who is added is there until it is deleted, whoever goes before or after', () => {
  const crowd = new Crowd<Seated>();
  const [a, b, c, d] = [{ seat: 7 }, { seat: 0 }, { seat: 0 }, { seat: 0 }] as const;
  for (const member of [a, b, c, d]) crowd.add(member);
  expect(crowd.delete(b)).toBe(true);
  expect(crowd.delete(b)).toBe(false);
  expect(crowd.delete(d)).toBe(true);
  expect(crowd.delete(a)).toBe(true);
  expect(crowd.all()).toEqual([c]);
  crowd.add(b);
  expect(crowd.size).toBe(2);
  expect(new Set(crowd.all())).toEqual(new Set([b, c]));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberMap } from './number-map.ts';

test('it is a map: whatever is set, replaced and deleted, in any order', () => {
  const key = fc.oneof(fc.nat(40), fc.nat(5_000), fc.integer({ min: 2 ** 32 - 20, max: 2 ** 32 - 1 }));
  const step = fc.record({ key, does: fc.constantFrom('set', 'set', 'delete') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const ours = new NumberMap<object>();
      const theirs = new Map<number, object>();
      for (const { key, does } of steps) {
        const value = { key };
        if (does === 'delete') expect(ours.delete(key)).toBe(theirs.delete(key));
        else {
          ours.set(key, value);
          theirs.set(key, value);
        }
        expect(ours.get(key)).toBe(theirs.get(key));
        expect(ours.size).toBe(theirs.size);
      }
      for (const [key, value] of theirs) expect(ours.get(key)).toBe(value);
      expect(new Set(ours.values())).toEqual(new Set(theirs.values()));
    }),
    { numRuns: 300 },
  );
});

test('numbers of any pattern are found after it grew and shrank', () => {
  for (const stride of [1, 2, 1 << 12, 1 << 20]) {
    const map = new NumberMap<object>();
    const keys = Array.from({ length: 4_000 }, (_, n) => (n * stride) >>> 0).filter(
      (key, n, all) => all.indexOf(key) === n,
    );
    for (const key of keys) map.set(key, { key });
    for (const key of keys) expect(map.get(key)).toEqual({ key });
    for (const key of keys.slice(10)) expect(map.delete(key)).toBe(true);
    expect(map.size).toBe(10);
    for (const key of keys.slice(0, 10)) expect(map.get(key)).toEqual({ key });
  }
});

import { describe, expect, test } from 'vitest';
import { Listed } from './listed.ts';

describe('a list', () => {
  test('looks at each of its elements once, whatever is asked how often', () => {
    let looks = 0;
    const all = Array.from({ length: 100 }, (_, i) => ({ of: i % 50, i }));
    const listed = new Listed(all, ({ of }) => {
      looks += 1;
      return of;
    });
    expect(looks).toBe(0);
    for (let key = 0; key < 50; key += 1) expect(listed.of(key).map(({ i }) => i)).toEqual([key, key + 50]);
    expect([listed.of(50), listed.has(49), listed.has(50)]).toEqual([[], true, false]);
    expect(looks).toBe(100);
    expect(listed.all).toBe(all);
  });
});

import { describe, expect, test } from 'vitest';
import { Recent } from './recent.ts';

describe('a recent answer', () => {
  test('is one for all who ask at the same time, and another one after a change', async () => {
    let generation = 0;
    let asked = 0;
    const recent = new Recent(
      () => Promise.resolve(++asked),
      () => generation,
    );
    expect(await Promise.all([recent.get(), recent.get()])).toEqual([1, 1]);
    generation += 1;
    expect(await recent.get()).toBe(2);
  });

  test('is asked for again when it failed', async () => {
    let asked = 0;
    const recent = new Recent(
      () => (++asked === 1 ? Promise.reject(new Error('not now')) : Promise.resolve(asked)),
      () => 0,
    );
    await expect(recent.get()).rejects.toThrow('not now');
    expect(await recent.get()).toBe(2);
  });
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import { Recent } from './recent.ts';

afterEach(() => void vi.useRealTimers());

describe('a recent answer', () => {
  test('is good for longer when it took long', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
    let asked = 0;
    const ask = (): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(++asked), 100));
    const recent = new Recent(ask, () => 0, 5);
    const first = recent.get();
    await vi.advanceTimersByTimeAsync(100);
    expect(await first).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await recent.get()).toBe(1);
    await vi.advanceTimersByTimeAsync(10);
    const next = recent.get();
    await vi.advanceTimersByTimeAsync(100);
    expect(await next).toBe(2);
  });

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

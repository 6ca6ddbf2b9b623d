/**
 * How the slices of a round become its figures.
 */
import { describe, expect, test } from 'vitest';
import { roundOf, slicesOf } from './slices.mjs';

describe('slices', () => {
  test('are short, and as long in all as the measurement was to be', () => {
    expect(slicesOf(2)).toEqual({ count: 4, seconds: 0.5 });
    expect(slicesOf(1)).toEqual({ count: 2, seconds: 0.5 });
    expect(slicesOf(0.2)).toEqual({ count: 1, seconds: 0.2 });
    const { count, seconds } = slicesOf(1.7);
    expect(count * seconds).toBeCloseTo(1.7);
  });
});

describe('a round', () => {
  test('passes over a disturbed slice', () => {
    const slices = [{ rate: 10 }, { rate: 12 }, { rate: 1 }, { rate: 11 }];
    expect(roundOf(slices)).toEqual({ rate: 10.5 });
  });

  test('passes over no error and no loss, in whichever slice it was', () => {
    const slices = [
      { sent: 100, lost: 0, lossPercent: 0, errors: 0 },
      { sent: 100, lost: 0, lossPercent: 0, errors: 1 },
      { sent: 200, lost: 2, lossPercent: 1, errors: 0 },
    ];
    expect(roundOf(slices)).toEqual({ sent: 400, lost: 2, lossPercent: 0.5, errors: 1 });
  });

  test('in which nothing was sent has lost everything', () => {
    expect(roundOf([{ sent: 0, lost: 0, lossPercent: 100 }])).toMatchObject({ lossPercent: 100 });
  });

  test('tells what all its bytes cost', () => {
    const slices = [
      { gbits: 8, bytes: 1e9, cpu: 1 },
      { gbits: 24, bytes: 3e9, cpu: 2 },
    ];
    expect(roundOf(slices)).toEqual({ gbits: 16, bytes: 4e9, cpu: 3, cpuPerGb: 0.75 });
  });

  test('of one slice is that slice', () => {
    expect(roundOf([{ connections: 8000, rssMb: 70.5 }])).toEqual({ connections: 8000, rssMb: 70.5 });
  });
});

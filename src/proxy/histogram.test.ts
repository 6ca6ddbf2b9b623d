/** The histogram against exact quantiles. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HISTOGRAM_ERROR, HISTOGRAM_SLOTS, Histogram } from './histogram.ts';

describe('Histogram', () => {
  test('has no quantile before the first duration', () => {
    expect(new Histogram().quantile(0.5)).toBeNull();
  });

  test('a quantile is within the stated error of the true one', () => {
    const micros = fc.array(fc.double({ min: 1, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(micros, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (durations, p) => {
        const histogram = new Histogram();
        for (const us of durations) histogram.add(us);
        const sorted = [...durations].sort((a, b) => a - b);
        const truth = sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] as number;
        const ratio = (histogram.quantile(p) as number) / truth;
        expect(Math.max(ratio, 1 / ratio)).toBeLessThanOrEqual(1 + HISTOGRAM_ERROR + 1e-9);
      }),
    );
  });

  test('durations outside 1 µs … 100 s count in the outermost buckets', () => {
    const slots = new Float64Array(HISTOGRAM_SLOTS);
    const histogram = new Histogram(slots);
    for (const us of [0, -5, 0.5, 1e12, Number.POSITIVE_INFINITY]) histogram.add(us);
    expect([slots[0], slots[HISTOGRAM_SLOTS - 1], histogram.count]).toEqual([3, 2, 5]);
  });

  test('merged histograms equal one that saw everything', () => {
    const [a, b, all] = [new Histogram(), new Histogram(), new Histogram()];
    for (const us of [3, 30, 300]) {
      a.add(us);
      all.add(us);
    }
    for (const us of [5, 5000]) {
      b.add(us);
      all.add(us);
    }
    a.merge(b);
    for (const p of [0, 0.2, 0.5, 0.99, 1]) expect(a.quantile(p)).toBe(all.quantile(p));
  });

  test('two views of one slice share their counts', () => {
    const slots = new Float64Array(new SharedArrayBuffer(HISTOGRAM_SLOTS * 8));
    new Histogram(slots).add(100);
    expect(new Histogram(slots).count).toBe(1);
    expect(() => new Histogram(slots.subarray(1))).toThrow(RangeError);
  });
});

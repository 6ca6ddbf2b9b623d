/**
 * What counts as reached: the arithmetic behind the PASS and SHORT of the table.
 */
import { describe, expect, test } from 'vitest';
import { judge, median, medians } from './verdict.mjs';

/** @param {string} cell @param {string} contender @param {Record<string, number>[]} rounds */
function samples(cell, contender, ...rounds) {
  return rounds.map((figures, round) => ({ cell, contender, round, figures }));
}

/** @param {import('./verdict.mjs').Sample[]} all @param {string} field */
function verdict(all, field) {
  const judged = judge(all, 'us', ['a', 'b']).find(({ row }) => row.field === field);
  if (judged === undefined) throw new Error(`no row of ${field}`);
  return judged;
}

describe('median', () => {
  test('the middle one of an odd number, the mean of the two middle ones of an even number', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 3])).toBe(4);
  });

  test('of nothing is not a number, and never zero', () => {
    expect(median([])).toBeNaN();
  });

  test('one disturbed round does not move it', () => {
    const all = samples('bulk1', 'a', { gbits: 10 }, { gbits: 1 }, { gbits: 11 });
    expect(medians(all, 'bulk1', 'gbits')).toEqual({ a: 10 });
  });
});

describe('judge', () => {
  test('the best peer has the best median, and a contender outside the bar is not one', () => {
    const all = [
      ...samples('bulk1', 'us', { gbits: 26 }),
      ...samples('bulk1', 'a', { gbits: 10 }),
      ...samples('bulk1', 'b', { gbits: 20 }),
      ...samples('bulk1', 'direct', { gbits: 40 }),
    ];
    expect(verdict(all, 'gbits')).toMatchObject({ best: 'b', ratio: 1.3, verdict: 'PASS' });
  });

  test('a ratio that only rounding would lift to the bar is short', () => {
    const all = [...samples('rr1', 'us', { rate: 99_999, errors: 0 }), ...samples('rr1', 'a', { rate: 100_000 })];
    expect(verdict(all, 'rate').verdict).toBe('SHORT');
  });

  test('where less is better the least is the best peer, and at most its figure passes', () => {
    const all = [
      ...samples('bulk1', 'us', { cpuPerGb: 0.2 }),
      ...samples('bulk1', 'a', { cpuPerGb: 0.2 }),
      ...samples('bulk1', 'b', { cpuPerGb: 0.5 }),
    ];
    expect(verdict(all, 'cpuPerGb')).toMatchObject({ best: 'a', verdict: 'PASS' });
  });

  test('a rate reached with failed connections is short, and says so', () => {
    const all = [...samples('crr32', 'us', { rate: 20, errors: 3 }), ...samples('crr32', 'a', { rate: 10, errors: 0 })];
    expect(verdict(all, 'rate')).toMatchObject({ verdict: 'SHORT', reason: '3 errors' });
  });

  test('lost datagrams are short where the best peer loses none, and allowed where it loses some', () => {
    const us = samples('udp64', 'us', { rate: 20, lossPercent: 0.1, errors: 0 });
    const lossless = samples('udp64', 'a', { rate: 10, lossPercent: 0 });
    const lossy = samples('udp64', 'a', { rate: 10, lossPercent: 2 });
    expect(verdict([...us, ...lossless], 'rate').verdict).toBe('SHORT');
    expect(verdict([...us, ...lossy], 'rate').verdict).toBe('PASS');
  });

  test('an absolute limit needs no peer', () => {
    expect(verdict(samples('idle', 'us', { kibPerConnection: 4 }), 'kibPerConnection').verdict).toBe('PASS');
    expect(verdict(samples('idle', 'us', { kibPerConnection: 4.01 }), 'kibPerConnection').verdict).toBe('SHORT');
  });

  test('without a peer to compare with there is no verdict', () => {
    expect(verdict(samples('bulk1', 'us', { gbits: 20 }), 'gbits')).toMatchObject({ ratio: undefined, verdict: '' });
  });
});

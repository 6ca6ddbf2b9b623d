import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Counters, MEMBERS_MAX, Slot, sumCounters } from './counters.ts';
import { HISTOGRAM_ERROR } from './histogram.ts';
import type { MemberHealth } from './route.ts';

const health = (member: number, rest: Partial<MemberHealth> = {}): MemberHealth => ({
  member,
  open: 0,
  pending: 0,
  dialed: 0,
  failed: 0,
  up: true,
  ...rest,
});

describe('counters', () => {
  test('of no worker, and of workers that have done nothing, are zero and unknown', () => {
    const zero = {
      connectionsOpen: 0,
      connectionsWaiting: 0,
      connectionsTotal: 0,
      connectionsFailed: 0,
      bytesIn: 0,
      bytesOut: 0,
      dialP50Ms: null,
      dialP99Ms: null,
      datagramsIn: 0,
      datagramsOut: 0,
      datagramsDropped: 0,
      members: [],
    };
    expect(sumCounters([], 0)).toEqual(zero);
    expect(sumCounters([new Counters(), new Counters()], 0)).toEqual(zero);
  });

  test('are read through the shared memory that the worker writes', () => {
    const written = new Counters();
    const read = new Counters(written.shared);
    written.add(Slot.bytesIn, 5);
    written.add(Slot.bytesIn, 7);
    written.dialTimes.add(1000);
    written.publish([health(2, { open: 3 })]);
    const stats = sumCounters([read], 3);
    expect(stats.bytesIn).toBe(12);
    expect(stats.dialP50Ms).not.toBeNull();
    expect(stats.members[2]?.open).toBe(3);
  });

  test('of each name stand for themselves: none overlaps another', () => {
    const block = new Counters();
    Object.values(Slot).forEach((slot, i) => block.add(slot, i + 1));
    block.publish(Array.from({ length: MEMBERS_MAX }, (_, member) => health(member, { open: 100 + member })));
    block.dialTimes.add(1);
    block.dialTimes.add(1e9);
    const stats = sumCounters([block], MEMBERS_MAX);
    expect([
      stats.connectionsOpen,
      stats.connectionsTotal,
      stats.connectionsFailed,
      stats.bytesIn,
      stats.bytesOut,
      stats.datagramsIn,
      stats.datagramsOut,
      stats.datagramsDropped,
      stats.connectionsWaiting,
    ]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(stats.members.map(({ open }) => open)).toEqual(Array.from({ length: MEMBERS_MAX }, (_, i) => 100 + i));
    expect(block.dialTimes.count).toBe(2);
  });

  test('are exact far beyond 32 bits', () => {
    const block = new Counters();
    block.add(Slot.bytesOut, 2 ** 52);
    block.add(Slot.bytesOut, 1);
    expect(sumCounters([block], 0).bytesOut).toBe(2 ** 52 + 1);
  });
});

describe('the sum over workers', () => {
  const slots = fc.array(fc.tuple(fc.constantFrom(...Object.values(Slot)), fc.integer({ min: -5, max: 1_000_000 })), {
    maxLength: 40,
  });

  test('is the sum of what each counted', () => {
    fc.assert(
      fc.property(fc.array(slots, { minLength: 1, maxLength: 8 }), (workers) => {
        const blocks = workers.map((adds) => {
          const block = new Counters();
          for (const [slot, n] of adds) block.add(slot, n);
          return block;
        });
        const expected = (slot: number): number =>
          workers.flat().reduce((sum, [of, n]) => (of === slot ? sum + n : sum), 0);
        const stats = sumCounters(blocks, 0);
        expect(stats.connectionsOpen).toBe(expected(Slot.open));
        expect(stats.bytesIn).toBe(expected(Slot.bytesIn));
        expect(stats.datagramsDropped).toBe(expected(Slot.datagramsDropped));
      }),
    );
  });

  test('merges the dial times: a quantile is that of all of them', () => {
    const blocks = [new Counters(), new Counters(), new Counters()];
    // 98 dials of 2 ms in two workers, two of 3 s in the third
    for (let i = 0; i < 98; i++) blocks[i % 2]?.dialTimes.add(2000);
    for (let i = 0; i < 2; i++) blocks[2]?.dialTimes.add(3_000_000);
    const { dialP50Ms, dialP99Ms } = sumCounters(blocks, 0);
    expect(Math.abs((dialP50Ms ?? 0) / 2 - 1)).toBeLessThanOrEqual(HISTOGRAM_ERROR);
    expect(Math.abs((dialP99Ms ?? 0) / 3000 - 1)).toBeLessThanOrEqual(HISTOGRAM_ERROR);
    for (const [i, { dialTimes }] of blocks.entries()) expect(dialTimes.count).toBe([49, 49, 2][i]);
  });
});

describe('pool members', () => {
  test('are summed one by one, and up only where every worker says so', () => {
    const [one, two] = [new Counters(), new Counters()];
    one.publish([health(0, { open: 1, dialed: 2, failed: 3 }), health(1, { open: 4, up: false })]);
    two.publish([health(0, { open: 10, dialed: 20, failed: 30 }), health(1, { open: 40 })]);
    expect(sumCounters([one, two], 3).members).toEqual([
      health(0, { open: 11, dialed: 22, failed: 33 }),
      health(1, { open: 44, up: false }),
      health(2),
    ]);
  });

  test('published again replace what was published before', () => {
    const block = new Counters();
    block.publish([health(0, { open: 7, up: false })]);
    block.publish([health(0, { open: 1 })]);
    expect(sumCounters([block], 1).members).toEqual([health(0, { open: 1 })]);
  });

  test('that are published no more have nothing open, and are remembered otherwise', () => {
    const block = new Counters();
    block.publish([health(0, { open: 1 }), health(1, { open: 7, pending: 2, dialed: 9, failed: 1 })]);
    block.publish([health(0, { open: 1 })]);
    expect(sumCounters([block], 2).members).toEqual([health(0, { open: 1 }), health(1, { dialed: 9, failed: 1 })]);
  });
});

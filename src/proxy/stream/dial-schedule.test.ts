/** The dial schedule: who is tried when, and when it is over. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UpstreamTarget } from '../route.ts';
import { DialSchedule } from './dial-schedule.ts';

function target(member: number): UpstreamTarget {
  return { member, label: `m${member}`, address: { kind: 'ip', host: '127.0.0.1', port: 1 } };
}

describe('DialSchedule', () => {
  test('tries every address of the round in order, then the round is over', () => {
    const schedule = new DialSchedule(5000);
    schedule.begin([target(0), target(1)], 0);
    expect(schedule.next(0)).toBe('attempt');
    expect(schedule.target.member).toBe(0);
    expect(schedule.next(1)).toBe('attempt');
    expect(schedule.target.member).toBe(1);
    expect(schedule.next(2)).toBe('round-over');
  });

  test('an empty round is over at once', () => {
    const schedule = new DialSchedule(5000);
    schedule.begin([], 0);
    expect(schedule.next(0)).toBe('round-over');
    expect(() => schedule.target).toThrow('no attempt is due');
  });

  test('rounds start 100 ms apart, counted from their starts', () => {
    const schedule = new DialSchedule(5000);
    schedule.begin([target(0)], 1000);
    expect(schedule.pauseMs(1030)).toBe(70);
    expect(schedule.pauseMs(1200)).toBe(0);
  });

  test('no pause goes beyond the deadline', () => {
    const schedule = new DialSchedule(250);
    schedule.begin([target(0)], 0);
    schedule.begin([target(0)], 200);
    expect(schedule.pauseMs(210)).toBe(40);
    expect(schedule.next(250)).toBe('timeout');
  });

  test('a silent address leaves time for the others: at least 250 ms each, else an even share', () => {
    const pair = [target(0), target(1)];
    const long = new DialSchedule(5000);
    long.begin(pair, 0);
    long.next(0);
    expect(long.attemptMs(0)).toBe(2500);
    const short = new DialSchedule(300);
    short.begin(pair, 0);
    short.next(0);
    expect(short.attemptMs(0)).toBe(250);
    expect(short.next(250)).toBe('attempt');
    expect(short.attemptMs(250)).toBe(50);
  });

  test('a single address may use all the time that is left', () => {
    const schedule = new DialSchedule(5000);
    schedule.begin([target(0)], 0);
    schedule.next(0);
    expect(schedule.attemptMs(1000)).toBe(4000);
  });

  test('the clock starts with the first round and not again', () => {
    const schedule = new DialSchedule(1000);
    expect(schedule.leftMs(99_999)).toBe(Number.POSITIVE_INFINITY);
    schedule.begin([target(0)], 100_000);
    schedule.begin([target(0)], 100_500);
    expect(schedule.leftMs(100_600)).toBe(400);
    expect(schedule.next(101_000)).toBe('timeout');
  });

  test('0 leaves the limit to the kernel', () => {
    const schedule = new DialSchedule(0);
    schedule.begin([target(0), target(1)], 0);
    expect(schedule.next(1e9)).toBe('attempt');
    expect(schedule.attemptMs(1e9)).toBe(Number.POSITIVE_INFINITY);
  });

  test('a failure is the member’s only after its last address', () => {
    const schedule = new DialSchedule(1000);
    schedule.begin([target(0), target(0), target(1)], 0);
    const last: boolean[] = [];
    while (schedule.next(0) === 'attempt') last.push(schedule.lastOfMember);
    expect(last).toEqual([false, true, true]);
  });

  test('with silent addresses every candidate of the first round is reached before the deadline', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 2000, max: 60_000 }), (n, timeout) => {
        const schedule = new DialSchedule(timeout);
        schedule.begin(
          Array.from({ length: n }, (_, i) => target(i)),
          0,
        );
        let now = 0;
        let reached = 0;
        while (schedule.next(now) === 'attempt') {
          reached++;
          now += schedule.attemptMs(now);
        }
        expect(reached).toBe(n);
        expect(now).toBeLessThanOrEqual(timeout);
      }),
    );
  });
});

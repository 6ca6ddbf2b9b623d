import { beforeEach, describe, expect, test } from 'vitest';
import type { FromRelay } from '../messages.ts';
import type { ConnectionRecord } from '../route.ts';
import { Records } from './records.ts';
import { Timers } from './timers.ts';

/** Records kept per flush. */
const KEPT = 1000;

type Posted = Extract<FromRelay, { type: 'records' }>;

let timers: Timers;
let posted: Posted[];
let records: Records;
let made: number;

beforeEach(() => {
  posted = [];
  made = 0;
  timers = new Timers(0, (error) => {
    throw error;
  });
  records = new Records(7, timers, (message) => posted.push(message as Posted));
});

function add(bytesIn: number, now: number): void {
  records.add(() => {
    made++;
    return {
      client: '',
      upstream: '',
      reason: 'done',
      detail: '',
      durationMs: 0,
      dialMs: 0,
      bytesIn,
      bytesOut: 0,
    } satisfies ConnectionRecord;
  }, now);
}

describe('records', () => {
  test('travel together, a moment later, in their order, under the number of their route', () => {
    for (let i = 0; i < 3; i++) add(i, i);
    expect(posted).toEqual([]);
    timers.expire(1000);
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({ type: 'records', route: 7, dropped: 0 });
    expect(posted[0]?.records.map(({ bytesIn }) => bytesIn)).toEqual([0, 1, 2]);
  });

  test('nothing is posted when there is nothing', () => {
    records.flush();
    timers.expire(1000);
    expect(posted).toEqual([]);
    expect(timers.delay(1000)).toBe(-1);
  });

  test('a steady stream is not put off for ever: the first record sets the time', () => {
    for (let now = 0; now < 1000; now += 10) {
      timers.expire(now);
      add(now, now);
    }
    expect(posted.length).toBeGreaterThan(10);
  });

  test('beyond the bound are counted, not kept, and not even made', () => {
    for (let i = 0; i < KEPT + 234; i++) add(i, 0);
    expect(made).toBe(KEPT);
    timers.expire(1000);
    expect(posted).toHaveLength(1);
    expect(posted[0]?.records).toHaveLength(KEPT);
    expect(posted[0]?.dropped).toBe(234);
  });

  test('after a burst start anew', () => {
    for (let i = 0; i < KEPT + 1; i++) add(i, 0);
    timers.expire(1000);
    add(4711, 1000);
    timers.expire(2000);
    expect(posted[1]).toMatchObject({ dropped: 0, records: [{ bytesIn: 4711 }] });
  });

  test('flushed at the end of a route leave no timer behind', () => {
    add(1, 0);
    records.flush();
    expect(posted).toHaveLength(1);
    expect(timers.delay(0)).toBe(-1);
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TICK_MS, Timer, Timers } from './timers.ts';

class Alarm extends Timer {
  readonly onTimer: (now: number) => void;

  constructor(onTimer: (now: number) => void) {
    super();
    this.onTimer = onTimer;
  }
}

describe('the wheel', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('arm' as const), timer: fc.nat(9), after: fc.nat(200) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('arm' as const), timer: fc.nat(9), after: fc.nat(40_000) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('disarm' as const), timer: fc.nat(9) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(60_000) }) },
  );

  test('does what a sorted list does, a tick late at most', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let now = 500;
        const wheel = new Timers(now, (error) => {
          throw error;
        });
        const deadlines = new Map<number, number>();
        const alarms = Array.from(
          { length: 10 },
          (_, i) =>
            new Alarm((at) => {
              const deadline = deadlines.get(i);
              expect(deadline, `timer ${i} fired unarmed`).toBeDefined();
              expect(at, `timer ${i} fired early`).toBeGreaterThanOrEqual(deadline as number);
              deadlines.delete(i);
            }),
        );
        for (const one of steps) {
          if (one.do === 'arm') {
            wheel.arm(alarms[one.timer] as Alarm, now + one.after);
            deadlines.set(one.timer, now + one.after);
          } else if (one.do === 'disarm') {
            wheel.disarm(alarms[one.timer] as Alarm);
            deadlines.delete(one.timer);
          } else {
            now += one.ms;
            wheel.expire(now);
            // Armed within the current tick: due in the next one.
            for (const [timer, deadline] of deadlines) {
              expect(deadline + TICK_MS, `timer ${timer} did not fire`).toBeGreaterThan(now - TICK_MS);
            }
          }
          expect(wheel.delay(now) === -1).toBe(deadlines.size === 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

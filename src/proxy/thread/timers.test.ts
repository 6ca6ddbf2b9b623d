import { beforeEach, describe, expect, test } from 'vitest';
import { TICK_MS, Timer, Timers } from './timers.ts';

/** One turn of the wheel. */
const TURN_MS = 1024 * TICK_MS;

class Alarm extends Timer {
  readonly fired: number[] = [];
  readonly #then: ((now: number) => void) | undefined;

  constructor(then?: (now: number) => void) {
    super();
    this.#then = then;
  }

  override onTimer(now: number): void {
    this.fired.push(now);
    this.#then?.(now);
  }
}

const START = 1_234_567.25;
let faults: unknown[];
let timers: Timers;

beforeEach(() => {
  faults = [];
  timers = new Timers(START, (fault) => faults.push(fault));
});

/** Time passes in steps of `step` ms. */
function pass(from: number, to: number, step = 1): void {
  for (let now = from; now <= to; now += step) timers.expire(now);
}

describe('a timer', () => {
  test('fires once, not before its deadline and at most one tick after it', () => {
    const alarms = Array.from({ length: 40 }, (_, i) => ({ alarm: new Alarm(), deadline: START + 3 + i * 7.3 }));
    for (const { alarm, deadline } of alarms) timers.arm(alarm, deadline);
    pass(START, START + 1000, 0.5);
    for (const { alarm, deadline } of alarms) {
      expect(alarm.fired).toHaveLength(1);
      expect(alarm.fired[0]).toBeGreaterThanOrEqual(deadline);
      expect(alarm.fired[0]).toBeLessThanOrEqual(deadline + TICK_MS + 0.5); // the step that time passes in
    }
  });

  test('is late by a tick, not a turn, when its deadline has passed already', () => {
    const alarm = new Alarm();
    timers.arm(alarm, START - 5000);
    pass(START, START + TICK_MS);
    expect(alarm.fired).toHaveLength(1);
  });

  test('armed again fires at the new deadline only', () => {
    const alarm = new Alarm();
    timers.arm(alarm, START + 10);
    timers.arm(alarm, START + 500);
    pass(START, START + 499);
    expect(alarm.fired).toEqual([]);
    pass(START + 500, START + 2 * TURN_MS, 4);
    expect(alarm.fired).toHaveLength(1);
  });

  test('disarmed never fires, and may be disarmed again', () => {
    const alarm = new Alarm();
    timers.arm(alarm, START + 10);
    timers.disarm(alarm);
    timers.disarm(alarm);
    pass(START, START + TURN_MS, 4);
    expect(alarm.fired).toEqual([]);
    expect(timers.delay(START)).toBe(-1);
  });

  test('may arm itself again when it fires', () => {
    const alarm: Alarm = new Alarm((now) => timers.arm(alarm, now + 100));
    timers.arm(alarm, START + 100);
    pass(START, START + 1000);
    expect(alarm.fired.length).toBeGreaterThanOrEqual(9);
    expect(alarm.fired.every((at, i) => i === 0 || at - (alarm.fired[i - 1] as number) >= 100)).toBe(true);
  });

  test('armed for now, again and again, never holds up the one that expires it', () => {
    const alarm: Alarm = new Alarm((now) => timers.arm(alarm, now));
    timers.arm(alarm, START);
    for (let turn = 1; turn <= 10; turn++) timers.expire(START + turn * TICK_MS);
    expect(alarm.fired).toHaveLength(10);
  });

  test('of a deadline beyond one turn waits for its turn', () => {
    const alarm = new Alarm();
    const near = new Alarm();
    timers.arm(alarm, START + 3 * TURN_MS + 20);
    timers.arm(near, START + 20);
    pass(START, START + 3 * TURN_MS, TICK_MS);
    expect(alarm.fired).toEqual([]);
    expect(near.fired).toHaveLength(1);
    pass(START + 3 * TURN_MS, START + 3 * TURN_MS + 40);
    expect(alarm.fired).toHaveLength(1);
  });

  test.each([1.5, 10, 1000])('that came due during a sleep of %d turns fires when it is over (R26)', (turns) => {
    const due = Array.from({ length: 200 }, (_, i) => ({ alarm: new Alarm(), after: (i / 200) * turns * TURN_MS }));
    const later = new Alarm();
    const over = START + turns * TURN_MS;
    for (const { alarm, after } of due) timers.arm(alarm, START + after);
    timers.arm(later, over + 100);
    timers.expire(over);
    timers.expire(over + TICK_MS);
    for (const { alarm } of due) expect(alarm.fired).toHaveLength(1);
    expect(later.fired).toEqual([]);
    pass(over, over + 120);
    expect(later.fired).toHaveLength(1);
  });
});

describe('a timer that fires', () => {
  const together = START + 50;

  /** All in one slot, due together. */
  function armed(...alarms: readonly Alarm[]): void {
    for (const alarm of alarms) timers.arm(alarm, together);
  }

  test.each([0, 1, 2, 3])('may disarm neighbour %d of its slot', (victim) => {
    const alarms: Alarm[] = Array.from({ length: 4 }, (_, i) =>
      i === 1 ? new Alarm(() => timers.disarm(alarms[victim] as Alarm)) : new Alarm(),
    );
    armed(...alarms);
    timers.expire(together + TICK_MS);
    timers.expire(together + 2 * TICK_MS);
    // The one before has fired already; one cannot disarm what is firing.
    expect(alarms.map(({ fired }) => fired.length)).toEqual([0, 1, 2, 3].map((i) => (i === victim && i > 1 ? 0 : 1)));
    expect(timers.delay(together)).toBe(-1);
  });

  test('may disarm all that follow', () => {
    const rest = [new Alarm(), new Alarm(), new Alarm()];
    const first = new Alarm(() => rest.forEach((alarm) => timers.disarm(alarm)));
    armed(first, ...rest);
    timers.expire(together + TICK_MS);
    expect(rest.map(({ fired }) => fired.length)).toEqual([0, 0, 0]);
    expect(timers.delay(together)).toBe(-1);
  });

  test.each([
    ['another slot', 40],
    ['the same slot, a turn later', TURN_MS],
  ])('may arm its neighbour again, into %s, and nobody is forgotten', (_where, later) => {
    const moved = new Alarm();
    const last = new Alarm();
    const first = new Alarm(() => timers.arm(moved, together + later));
    armed(first, moved, last);
    pass(together, together + 2 * TICK_MS);
    expect([first, moved, last].map(({ fired }) => fired.length)).toEqual([1, 0, 1]);
    pass(together + 2 * TICK_MS, together + later + TICK_MS, 4);
    expect([first, moved, last].map(({ fired }) => fired.length)).toEqual([1, 1, 1]);
    expect(timers.delay(together)).toBe(-1);
  });

  test('may throw: the others fire all the same, and it is told', () => {
    const fails = new Alarm(() => {
      throw new Error('in onTimer');
    });
    const [before, after] = [new Alarm(), new Alarm()];
    armed(before, fails, after);
    timers.expire(together + TICK_MS);
    expect([before, fails, after].map(({ fired }) => fired.length)).toEqual([1, 1, 1]);
    expect(faults).toEqual([new Error('in onTimer')]);
  });
});

describe('the delay', () => {
  test('is -1 when nothing is armed, and never leads past a deadline by more than a tick', () => {
    expect(timers.delay(START)).toBe(-1);
    for (const after of [0, 1, 7, 8, 9, 500, TURN_MS - 1, TURN_MS]) {
      const alarm = new Alarm();
      timers.arm(alarm, START + after);
      const delay = timers.delay(START);
      expect(Number.isInteger(delay) && delay >= 0).toBe(true);
      expect(delay).toBeLessThanOrEqual(after + 2 * TICK_MS);
      timers.disarm(alarm);
    }
  });

  test('is 0 when something is overdue', () => {
    timers.arm(new Alarm(), START + 10);
    expect(timers.delay(START + 1000)).toBe(0);
  });

  test('followed, fires everything in few wakes', () => {
    const alarms = [5, 300, TURN_MS + 40, 5 * TURN_MS].map((after) => ({ alarm: new Alarm(), at: START + after }));
    for (const { alarm, at } of alarms) timers.arm(alarm, at);
    let now = START;
    let wakes = 0;
    for (let delay = timers.delay(now); delay >= 0; delay = timers.delay(now), wakes++) {
      now += delay;
      timers.expire(now);
    }
    for (const { alarm, at } of alarms) {
      expect(alarm.fired).toHaveLength(1);
      expect((alarm.fired[0] as number) - at).toBeLessThanOrEqual(2 * TICK_MS);
    }
    expect(wakes).toBeLessThan(20);
  });
});

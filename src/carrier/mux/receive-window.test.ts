import { describe, expect, test } from 'vitest';
import { initialWindow } from './frame.ts';
import { ReceiveWindow } from './receive-window.ts';

const mebi = 1024 * 1024;

/** Reads half a window every `ms`, `rounds` times. */
function read(window: ReceiveWindow, ms: number, rounds: number, rtt: number | undefined): number {
  let granted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const half = window.size / 2;
    expect(window.spend(half)).toBe(true);
    expect(window.took(half)).toBe(true);
    granted += window.grant(round * ms, rtt);
  }
  return granted;
}

describe('a receive window', () => {
  test('grows to its cap for a reader who keeps up with the path', () => {
    const window = new ReceiveWindow({ left: Infinity }, 16 * mebi);
    read(window, 25, 20, 50);
    expect(window.size).toBe(16 * mebi);
  });

  test('grows on a short path for a reader whom its processor keeps waiting', () => {
    const window = new ReceiveWindow({ left: Infinity }, 16 * mebi);
    read(window, 10, 20, 0.1);
    expect(window.size).toBe(16 * mebi);
  });

  test('stays as it is for a slow reader, and while the path is not measured', () => {
    const slow = new ReceiveWindow({ left: Infinity }, 16 * mebi);
    read(slow, 101, 20, 50);
    const unmeasured = new ReceiveWindow({ left: Infinity }, 16 * mebi);
    read(unmeasured, 0, 20, undefined);
    expect([slow.size, unmeasured.size]).toEqual([initialWindow, initialWindow]);
  });

  test('shares the budget of growth with the others, and gives its part back at its end', () => {
    const budget = { left: mebi };
    const first = new ReceiveWindow(budget, 16 * mebi);
    const second = new ReceiveWindow(budget, 16 * mebi);
    read(first, 1, 20, 50);
    read(second, 1, 20, 50);
    expect([first.size, second.size, budget.left]).toEqual([initialWindow + mebi, initialWindow, 0]);
    first.release();
    read(second, 1, 20, 50);
    expect(second.size).toBe(initialWindow + mebi);
  });

  test('grants exactly what was read and what it grew by', () => {
    const window = new ReceiveWindow({ left: Infinity }, 16 * mebi);
    expect(read(window, 1_000, 4, 50)).toBe(4 * (initialWindow / 2));
    expect(window.spend(initialWindow)).toBe(true);
    expect(window.spend(1)).toBe(false);
  });
});

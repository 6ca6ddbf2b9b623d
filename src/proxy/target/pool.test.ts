/** The pool: order of trial, health, and what survives a change of members. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Balance } from '../../spec/plan.ts';
import type { UpstreamTarget } from '../route.ts';
import { Pool } from './pool.ts';

function target(member: number, port = 1000 + member): UpstreamTarget {
  return { member, label: `m${member}`, address: { kind: 'ip', host: '127.0.0.1', port } };
}

class Bench {
  time = 0;
  readonly pool: Pool;
  constructor(balance: Balance, members: number, random: () => number = () => 0) {
    this.pool = new Pool({ balance, random, now: () => this.time });
    this.pool.replace(Array.from({ length: members }, (_, i) => target(i)));
  }
  order(): number[] {
    return this.pool.pick().map(({ member }) => member);
  }
  firsts(n: number): number[] {
    return Array.from({ length: n }, () => this.order()[0] as number);
  }
  fail(member: number): void {
    this.pool.dialing(member);
    this.pool.failed(member);
  }
  succeed(member: number): void {
    this.pool.dialing(member);
    this.pool.opened(member);
  }
  up(member: number): boolean | undefined {
    return this.pool.health().find((health) => health.member === member)?.up;
  }
}

describe('Pool order', () => {
  test('a pool without members has nothing to try (WU24)', () => {
    const bench = new Bench('rr', 0);
    expect(bench.order()).toEqual([]);
    expect(bench.pool.empty).toBe(true);
  });

  test('a single member is always tried, from the same array (WU25)', () => {
    const { pool } = new Bench('rr', 1);
    expect(pool.pick()).toBe(pool.pick());
    expect(pool.pick().map(({ member }) => member)).toEqual([0]);
  });

  test('round robin takes turns and fails over in turn (WU26)', () => {
    const bench = new Bench('rr', 3);
    expect([bench.order(), bench.order(), bench.order(), bench.order()]).toEqual([
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2],
    ]);
  });

  test('the same members again keep the rotation, another number of members restarts it (WU27)', () => {
    const bench = new Bench('rr', 3);
    bench.order();
    bench.pool.replace([target(0), target(1), target(2)]);
    expect(bench.order()[0]).toBe(1);
    bench.pool.replace([target(0), target(1)]);
    expect(bench.order()[0]).toBe(0);
    bench.pool.replace([]);
    expect(bench.order()).toEqual([]);
  });

  test('each pool has its own rotation (WU28)', () => {
    const one = new Bench('rr', 2);
    const other = new Bench('rr', 2);
    one.order();
    other.pool.replace([]);
    expect(one.order()).toEqual([1, 0]);
  });

  test('first prefers the order written', () => {
    expect(new Bench('first', 3).firsts(3)).toEqual([0, 0, 0]);
  });

  test('least-conn takes the member with the fewest open connections, equals in turn', () => {
    const bench = new Bench('least-conn', 3);
    bench.succeed(0);
    bench.succeed(0);
    bench.succeed(1);
    expect(bench.order()).toEqual([2, 1, 0]);
    bench.pool.closed(0);
    bench.pool.closed(0);
    expect(new Set(bench.firsts(2))).toEqual(new Set([0, 2]));
  });

  test('least-conn counts dials under way, so that a burst spreads before anybody has arrived', () => {
    const bench = new Bench('least-conn', 2);
    const burst = Array.from({ length: 10 }, () => {
      const [first = -1] = bench.order();
      bench.pool.pending(first, 1);
      return first;
    });
    expect(burst.filter((member) => member === 0)).toHaveLength(5);
    for (const member of burst) if (member === 1) bench.pool.pending(member, -1);
    expect(bench.firsts(3)).toEqual([1, 1, 1]);
  });

  test('random reaches every member first and tries each once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (n, dice) => {
          let at = 0;
          const bench = new Bench('random', n, () => dice[at++ % Math.max(1, dice.length)] ?? 0.5);
          expect([...bench.order()].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        },
      ),
    );
    const bench = new Bench('random', 3, Math.random);
    expect(new Set(bench.firsts(500)).size).toBe(3);
  });

  test('all addresses of a member stand together', () => {
    const { pool } = new Bench('rr', 0);
    pool.replace([target(0, 1), target(1, 2), target(0, 3)]);
    expect(pool.pick().map(({ member }) => member)).toEqual([0, 0, 1]);
    expect(pool.pick().map(({ member }) => member)).toEqual([1, 0, 0]);
  });
});

describe('Pool health', () => {
  test('a member that failed is skipped while another is up, and tried again after 1 s', () => {
    const bench = new Bench('first', 2);
    bench.fail(0);
    expect(bench.up(0)).toBe(false);
    expect(bench.order()).toEqual([1]);
    bench.time = 999;
    expect(bench.order()).toEqual([1]);
    bench.time = 1000;
    expect(bench.order()).toEqual([0, 1]);
  });

  test('only one connection at a time tries a member again', () => {
    const bench = new Bench('first', 2);
    bench.fail(0);
    bench.time = 1000;
    bench.pool.dialing(0);
    expect(bench.order()).toEqual([1]);
    bench.pool.opened(0);
    expect(bench.order()).toEqual([0, 1]);
  });

  test('a trial that nobody reports on blocks the member for no longer than another trial', () => {
    const bench = new Bench('first', 2);
    bench.fail(0);
    bench.time = 1000;
    bench.pool.dialing(0);
    bench.time = 2000;
    expect(bench.order()).toEqual([0, 1]);
  });

  test('the back-off doubles up to 30 s', () => {
    const bench = new Bench('first', 2);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      bench.fail(0);
      const from = bench.time;
      while (!bench.order().includes(0)) bench.time += 500;
      waits.push(bench.time - from);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test('a burst that fails together counts once', () => {
    const bench = new Bench('first', 2);
    for (let i = 0; i < 100; i++) bench.pool.dialing(0);
    for (let i = 0; i < 100; i++) bench.pool.failed(0);
    bench.time = 1000;
    expect(bench.order()).toEqual([0, 1]);
  });

  test('a success heals at once and forgets the back-off', () => {
    const bench = new Bench('first', 2);
    bench.fail(0);
    bench.time = 1000;
    bench.fail(0);
    bench.time = 3000;
    bench.succeed(0);
    expect(bench.up(0)).toBe(true);
    bench.fail(0);
    bench.time = 4000;
    expect(bench.order()).toEqual([0, 1]);
  });

  test('when all members are down all are tried', () => {
    const bench = new Bench('rr', 2);
    bench.fail(0);
    bench.fail(1);
    expect([...bench.order()].sort((a, b) => a - b)).toEqual([0, 1]);
  });

  test('new addresses of a member are thought to be up, and its counters stay', () => {
    const bench = new Bench('first', 2);
    bench.fail(0);
    bench.pool.replace([target(0), target(1)]);
    expect(bench.up(0)).toBe(false);
    bench.pool.replace([target(0, 9999), target(1)]);
    expect(bench.up(0)).toBe(true);
    expect(bench.pool.health()[0]).toMatchObject({ dialed: 1, failed: 1 });
  });

  test('a connection to a member that left is still counted when it ends', () => {
    const bench = new Bench('first', 2);
    bench.succeed(1);
    bench.pool.replace([target(0)]);
    bench.pool.replace([target(0), target(1)]);
    expect(bench.pool.health()[1]).toMatchObject({ member: 1, open: 1 });
    bench.pool.closed(1);
    expect(bench.pool.health()[1]).toMatchObject({ member: 1, open: 0 });
  });

  test('reports about unknown members are ignored', () => {
    const bench = new Bench('first', 1);
    bench.fail(7);
    bench.succeed(7);
    bench.pool.closed(7);
    expect(bench.pool.health()).toEqual([{ member: 0, open: 0, pending: 0, dialed: 0, failed: 0, up: true }]);
  });
});

/** Turns that are taken together by pools of several workers. */
import { describe, expect, test } from 'vitest';
import type { Balance } from '../../spec/plan.ts';
import type { UpstreamTarget } from '../route.ts';
import { Pool } from './pool.ts';
import { Rotation } from './rotation.ts';

const targets = (members: number): UpstreamTarget[] =>
  Array.from({ length: members }, (_, i) => ({
    member: i,
    label: `m${i}`,
    address: { kind: 'ip', host: '127.0.0.1', port: 1 + i },
  }));

function workers(balance: Balance): readonly [Pool, Pool] {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const worker = (): Pool => new Pool({ balance, random: () => 0, now: () => 0, rotation: new Rotation(cell) });
  return [worker(), worker()];
}

describe('turns', () => {
  test.each(['rr', 'least-conn'] as const)(
    '%s: workers of one route take them together, whichever serves a client',
    (balance) => {
      const [one, other] = workers(balance);
      const first = (pool: Pool): number | undefined => pool.pick()[0]?.member;
      for (const pool of [one, other]) pool.replace(targets(3));
      expect([one, other, other, other, one, other].map(first)).toEqual([0, 1, 2, 0, 1, 2]);
      // The other one hears later that there is another number of members.
      one.replace(targets(2));
      expect([one, other, one].map(first)).toEqual([0, 0, 0]);
      other.replace(targets(2));
      expect([one, other, other, one].map(first)).toEqual([1, 0, 1, 0]);
    },
  );

  test('two that are taken at the same moment are two', () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const take = (meanwhile: () => void): number =>
      new Rotation(cell).take(3, (from) => (meanwhile(), { taken: from, place: from }));
    let disturbed = false;
    const mine = take(() => {
      if (!disturbed) expect(take(() => undefined)).toBe(0);
      disturbed = true;
    });
    expect(mine).toBe(1);
  });
});

import { afterEach, describe, expect, test, vi } from 'vitest';
import { type GuardSet, guardSets, keysOf, type Way } from './guard-table.ts';
import type { Ends } from './half.ts';
import { Kept } from './kept.ts';

afterEach(() => void vi.restoreAllMocks());

const wh0: Way = { by: 'interface', name: 'wh0' };
const ipsec: Way = { by: 'ipsec' };
const pairs = (count: number): Ends[] =>
  Array.from({ length: count }, (_, i) => ({
    local: `100.65.${i >> 8}.${i & 255}`,
    remote: `100.66.${i >> 8}.${i & 255}`,
  }));

function kept(tunnels: ReadonlyArray<Ends & { readonly way: Way }>, but: readonly GuardSet[] = []): Kept {
  const keys = tunnels.flatMap(({ way, ...ends }) => keysOf(ends, way));
  const sets = guardSets.filter((set) => !but.includes(set));
  return new Kept(new Map(sets.map((set) => [set, keys.flatMap(([of, key]) => (of === set ? [key] : []))])), true);
}

describe('what the guard keeps', () => {
  test('tells of each of hundreds of tunnels whether it is there, and compares it with no other', () => {
    const tunnels = pairs(300).map((ends) => ({ ...ends, way: wh0 }));
    const found = kept(tunnels);
    const compared = [vi.spyOn(Buffer.prototype, 'equals'), vi.spyOn(Buffer, 'compare')];
    const all = tunnels.every(({ way, ...ends }) => keysOf(ends, way).every(([set, key]) => found.has(set, key)));
    expect([all, found.tunnels()]).toEqual([true, tunnels]);
    expect(compared.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });

  test('is an address of something else, or all of what is asked about, and no part of it', () => {
    const [one = { local: '', remote: '' }, other = one] = pairs(2);
    const found = kept([{ ...one, way: wh0 }]);
    expect(found.takenOf(one, wh0)).toBe(one.local);
    expect(found.takenOf(one, ipsec)).toBe(one.local);
    expect(found.takenOf({ local: other.local, remote: one.remote }, wh0)).toBe(one.remote);
    expect(found.takenOf(other, wh0)).toBeUndefined();
    expect(kept([{ ...one, way: wh0 }], ['way']).takenOf(one, wh0)).toBeUndefined();
  });

  test('is whole with all sets and rules', () => {
    expect([kept([]).whole, kept([], ['way']).whole, new Kept(new Map(), true).whole]).toEqual([true, false, false]);
  });
});

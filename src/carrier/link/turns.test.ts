/** Who begins, who waits, and who is turned away. */
import { describe, expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** Asks for `count` turns. @returns what was begun, each with its end, and how many were turned away */
function ask(
  turns: Turns,
  link: number,
  count: number,
  who = `${link}`,
): { readonly begun: Array<() => void>; refused: number } {
  const result: { readonly begun: Array<() => void>; refused: number } = { begun: [], refused: 0 };
  for (let n = 0; n < count; n++) if (!turns.take(link, who, (done) => result.begun.push(done))) result.refused++;
  return result;
}

describe('Turns', () => {
  test('a link has 64 at once; the next one begins when one ends, in order', () => {
    const turns = new Turns();
    const { begun, refused } = ask(turns, 1, 66);
    expect([begun.length, refused]).toEqual([64, 0]);
    begun[10]?.();
    begun[10]?.();
    expect(begun.length).toBe(65);
    begun[64]?.();
    expect(begun.length).toBe(66);
  });

  test('of those that wait, a link has a thousand and no more, and no other link waits for them', () => {
    const turns = new Turns();
    expect(ask(turns, 1, 3_000).refused).toBe(3_000 - 64 - 1_024);
    expect(ask(turns, 2, 1).begun.length).toBe(1);
  });

  test('all links together leave some of the API to the people of this machine', () => {
    const turns = new Turns();
    const all = Array.from({ length: 7 }, (_, link) => ask(turns, link, 64));
    expect(all.map(({ begun }) => begun.length)).toEqual([...Array.from({ length: 6 }, () => 64), 0]);
    all[0]?.begun[0]?.();
    expect(ask(turns, 99, 2)).toMatchObject({ refused: 1 });
  });

  test('once all have ended there is room for as many again', () => {
    const turns = new Turns();
    const { begun } = ask(turns, 1, 1_000);
    for (let n = 0; n < begun.length; n++) begun[n]?.();
    expect(begun.length).toBe(1_000);
    expect(ask(turns, 1, 64).begun.length).toBe(64);
  });

  test('A22 one identity leaves some to others, however many links it has', () => {
    const turns = new Turns();
    const evil = Array.from({ length: 10 }, (_, link) => ask(turns, link, 64, 'evil').begun.length);
    expect(evil.reduce((sum, one) => sum + one)).toBe(256);
    expect(ask(turns, 99, 64, 'honest').begun.length).toBe(64);
  });
});

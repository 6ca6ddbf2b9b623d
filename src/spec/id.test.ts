/** Readable ids. */
import { describe, expect, test } from 'vitest';
import { makeId } from './id.ts';
import { adjectives, animals } from './id-words.ts';
import { parseId } from './names.ts';
import { isWord } from './words.ts';

/** A small deterministic source, Park and Miller's. */
function source(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

describe('makeId', () => {
  test('makes two words that a spec takes as an id', () => {
    const id = makeId(source(1), () => false);
    expect(id).toMatch(/^[a-z]+-[a-z]+$/);
    expect(parseId(id)).toBe(id);
  });

  test('has at least 100 words of each kind, each once, plain and short', () => {
    for (const list of [adjectives, animals]) {
      expect(list.length).toBeGreaterThanOrEqual(100);
      expect(new Set(list).size).toBe(list.length);
      expect(list.filter((word) => !/^[a-z]{2,9}$/.test(word) || isWord(word))).toEqual([]);
    }
  });

  test('makes thousands of different ids', () => {
    const random = source(7);
    const ids = new Set<string>();
    for (let i = 0; i < 5000; i++) ids.add(makeId(random, (id) => ids.has(id)));
    expect(ids.size).toBe(5000);
  });

  test('appends a number when the words are crowded, and more digits when those are', () => {
    expect(makeId(source(3), (id) => id.split('-').length === 2)).toMatch(/^[a-z]+-[a-z]+-\d$/);
    expect(makeId(source(3), (id) => !/-\d{3}$/.test(id))).toMatch(/^[a-z]+-[a-z]+-\d{3}$/);
  });

  test('draws within the bounds it is given', () => {
    const last = makeId(
      (below) => below - 1,
      () => false,
    );
    expect(last).toBe(`${adjectives.at(-1)}-${animals.at(-1)}`);
  });
});

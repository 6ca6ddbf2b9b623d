/** Ids for wormholes that were given none: short and readable, like `brave-otter`. */
import { adjectives, animals } from './id-words.ts';

/** Draws of two words before a number is appended; also the draws for each count of digits. */
const DRAWS = 8;

/**
 * Makes an id that is not taken.
 *
 * @param random an integer from 0 to `below` − 1, for example `crypto.randomInt`
 * @param taken whether an id is in use; it must say no to some id, or this never returns
 */
export function makeId(random: (below: number) => number, taken: (id: string) => boolean): string {
  const draw = (words: readonly string[]): string => words[random(words.length)] ?? '';
  for (let digits = 0; ; digits++) {
    for (let i = 0; i < DRAWS; i++) {
      const pair = `${draw(adjectives)}-${draw(animals)}`;
      const id = digits === 0 ? pair : `${pair}-${random(10 ** Math.min(digits, 9))}`;
      if (!taken(id)) return id;
    }
  }
}

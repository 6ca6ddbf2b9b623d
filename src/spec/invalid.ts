/**
 * How the spec language says no: one error code, a sentence with facts and remedy, and where to point.
 *
 * Leaf parsers (`url.ts`, `duration.ts`, …) throw without a place; whoever knows the word adds it once, with
 * {@link at}. Text of users reaches a message only through {@link show}, because it may hold terminal escapes.
 */
import { WormholeError } from '../lib/errors.ts';

/**
 * Where in a spec an error is. The parser knows the `index` of the word; the planner, which no longer sees words,
 * gives the segment (0 = the first) and the part of it, and `caret.ts` finds the word.
 */
export type SpecPlace = {
  readonly word: string;
  readonly index?: number;
  readonly segment?: number;
  readonly part?: 'head' | 'tail';
};

/** A WH_ERR_SPEC_INVALID to throw; `message` is one sentence with the remedy. */
export function invalid(message: string, place?: SpecPlace): WormholeError {
  return new WormholeError('WH_ERR_SPEC_INVALID', message, place === undefined ? {} : { detail: place });
}

/** Runs `read` and gives its error the place and, in front of the sentence, the name of the word. */
export function at<T>(place: SpecPlace, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!WormholeError.is(error) || error.code !== 'WH_ERR_SPEC_INVALID') throw error;
    throw new WormholeError(error.code, `${name}: ${error.message}`, { cause: error, detail: place });
  }
}

/** Longest piece of a user's text that a message repeats, in characters. */
const SHOWN_LENGTH = 80;

/** Control characters, and the marks that reorder or hide text on a terminal. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Replaces what a terminal would act on by its `\u….` spelling. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** True when nothing in `text` would make a terminal act. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** A user's text inside a message: in quotes, printable, shortened. */
export function show(text: string): string {
  const short = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return `"${printable(short)}"`;
}

/**
 * Draws where in a spec an error is: the line, and `^^^^` under the word.
 *
 *     wormhole create url :70000 docker-ns db
 *                         ^^^^^^
 */
import type { WormholeError } from '../lib/errors.ts';
import { redactWords } from './redact.ts';
import { quote } from './shell.ts';
import { structureWords, wordTable } from './words.ts';

/** Longest drawing in columns; a longer spec is elided around the word. */
const COLUMNS = 100;

/** Longest piece of one word in columns. */
const WORD_COLUMNS = 60;

/**
 * Two lines, joined by a newline: the spec and the caret.
 *
 * @param words the spec as it was given to the parser
 * @param error an error of the parser or the planner, also one that came over the API
 * @returns '' when the error does not say where
 */
export function renderCaret(words: readonly string[], error: WormholeError): string {
  const index = findIndex(words, error);
  if (index === undefined) return '';
  const shown = redactWords(words).map((word) => shorten(quote([word])));
  const target = shown[index] ?? '';
  let from = index;
  let to = index + 1;
  let width = columns(target);
  // Takes neighbours, the left one first, as long as they fit; two columns at each end are for the dots.
  for (let grown = true; grown; ) {
    grown = false;
    for (const next of [from - 1, to]) {
      const size = columns(shown[next] ?? '') + 1;
      if (next < 0 || next >= words.length || width + size > COLUMNS - 4) continue;
      width += size;
      if (next < from) from = next;
      else to = next + 1;
      grown = true;
    }
  }
  const before = [...(from > 0 ? ['…'] : []), ...shown.slice(from, index)].join(' ');
  const after = [...shown.slice(index + 1, to), ...(to < words.length ? ['…'] : [])].join(' ');
  const line = [before, target, after].filter((part) => part !== '').join(' ');
  const indent = before === '' ? 0 : columns(before) + 1;
  return `${line}\n${' '.repeat(indent)}${'^'.repeat(Math.max(columns(target), 1))}`;
}

/** The word meant by an error: its index, or the word of a segment. */
function findIndex(words: readonly string[], { detail }: WormholeError): number | undefined {
  const { word, index, segment, part } = detail;
  if (typeof index === 'number') return index >= 0 && index < words.length ? index : undefined;
  if (typeof word !== 'string' || typeof segment !== 'number') return undefined;
  const places = placesOf(words).filter((place) => place.segment === segment);
  const named = places.filter((place) => place.word === word);
  const best = named.find((place) => place.part === part) ?? named.at(-1) ?? places.find((place) => place.opens);
  return (best ?? places.at(-1) ?? placesOf(words).at(-1))?.index;
}

interface Place {
  readonly word: string;
  readonly index: number;
  readonly segment: number;
  readonly part: 'head' | 'tail';
  /** True for `tail` and `trigger`. */
  readonly opens: boolean;
}

function placesOf(words: readonly string[]): Place[] {
  const places: Place[] = [];
  let segment = 0;
  let part: Place['part'] = 'head';
  for (let index = 0; index < words.length; index++) {
    const text = words[index] ?? '';
    const word = Object.hasOwn(wordTable, text) ? text : text.slice(0, Math.max(text.indexOf('='), 0));
    if (!Object.hasOwn(wordTable, word)) continue;
    const row: { role: string; argument?: string } = wordTable[word as keyof typeof wordTable];
    if (row.role === 'part') part = 'tail';
    if (row.role === 'link') [segment, part] = [segment + 1, 'head'];
    places.push({ word, index, segment, part, opens: row.role === 'part' });
    const next = words[index + 1] ?? '';
    if (word === text && row.argument !== undefined && !structureWords.has(next) && word !== 'connect') index++;
  }
  return places;
}

function shorten(text: string): string {
  return columns(text) > WORD_COLUMNS
    ? `${Array.from(text)
        .slice(0, WORD_COLUMNS - 1)
        .join('')}…`
    : text;
}

/** One column for each code point: wide characters have no place in a spec. */
function columns(text: string): number {
  return Array.from(text).length;
}

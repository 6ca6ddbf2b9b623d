/** What an unknown word was probably meant to be. */
import { isWord, type Word, wordTable } from './words.ts';

/** Spellings that people bring along from neighbouring tools. */
const synonyms: Readonly<Record<string, Word>> = {
  name: 'id',
  listen: 'url',
  port: 'url',
  to: 'tail',
  target: 'tail',
  and: 'also',
  container: 'docker-ns',
  ns: 'docker-ns',
  netns: 'url',
  run: 'docker-run',
  image: 'docker-run',
  host: 'remote',
  peer: 'remote',
  lazy: 'trigger',
};

/** The closest word of the language, or undefined when nothing is close. */
export function suggestWord(text: string): Word | undefined {
  const lower = text.toLowerCase();
  if (isWord(lower)) return lower;
  if (Object.hasOwn(synonyms, lower)) return synonyms[lower];
  let best: Word | undefined;
  let least = 3;
  for (const word of Object.keys(wordTable) as Word[]) {
    // Two slips in a word of four letters make another word.
    const distance = Math.abs(word.length - text.length) > 2 ? 3 : editDistance(lower, word);
    if (distance < least && distance * 2 < word.length) [best, least] = [word, distance];
  }
  return best;
}

/** Levenshtein distance, a swap of neighbours counted as one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

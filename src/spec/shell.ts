/**
 * Words as a POSIX shell reads and writes them, without a shell: quotes and escapes, no expansion of anything.
 *
 * `$HOME`, `*`, `;` and `|` are ordinary characters here; nothing of this ever reaches /bin/sh.
 */
import { invalid, isPrintable } from './invalid.ts';

/**
 * Splits a line into words: blanks separate, '…' is literal, "…" lets a backslash escape `$`, a backquote, `"` and
 * itself, a bare backslash escapes any character.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID when a quote or an escape is not ended, or at a NUL
 */
export function splitWords(line: string): string[] {
  if (line.includes('\0')) throw invalid('a NUL character cannot be passed to a program; remove it');
  const words: string[] = [];
  // Undefined between words, so that '' written in quotes still makes an (empty) word.
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (quote !== '' && char === quote) quote = '';
    else if (char === '\\' && quote !== "'") {
      const next = line.charAt(++i);
      if (next === '') throw invalid('a backslash stands at the end; write two of them for one');
      if (next !== '\n') word = (word ?? '') + (quote === '"' && !'$`"\\'.includes(next) ? `\\${next}` : next);
    } else if (quote !== '') word = (word ?? '') + char;
    else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw invalid(`a ${quote === '"' ? 'double' : 'single'} quote is not closed; add the second one`);
  if (word !== undefined) words.push(word);
  return words;
}

/** Characters that no shell treats specially, anywhere in a word. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One line that {@link splitWords} splits into the same words. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/**
 * A line to show to people and to paste into bash or zsh.
 *
 * Control characters are spelled in `$'…'`, so that showing a spec never acts on a terminal.
 */
export function quote(words: readonly string[]): string {
  return words.map((word) => (isPrintable(word) ? joinWords([word]) : `$'${ansiC(word)}'`)).join(' ');
}

function ansiC(word: string): string {
  return Array.from(word, (char) => {
    if (char === "'" || char === '\\') return `\\${char}`;
    return isPrintable(char) ? char : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  }).join('');
}

/**
 * From argv words to tokens: each a word of the language with its argument, and where it stood.
 *
 * Knows which words take an argument and when one is missing; knows nothing of heads and tails.
 */
import { invalid, show } from './invalid.ts';
import { suggestWord } from './suggest.ts';
import { argumentOf, connectKinds, isWord, structureWords, type Word } from './words.ts';

/** One word of the language as it was used. */
export interface Token {
  readonly word: Word;
  /** Absent for words that stand alone, for bare `docker-ns` and for bare `connect`. */
  readonly argument?: string;
  /** Which argv word it was. */
  readonly index: number;
  /** Which argv word the argument was; the same as `index` for `word=ARG`. */
  readonly argumentIndex: number;
}

/** Cuts a spec into tokens. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function tokenize(words: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < words.length; ) {
    const token = readToken(words, index, tokens.at(-1));
    tokens.push(token);
    index = token.argumentIndex + 1;
  }
  return tokens;
}

function readToken(words: readonly string[], index: number, previous: Token | undefined): Token {
  const text = words[index] ?? '';
  if (isWord(text)) return readSpaced(words, index, text);
  const equals = text.indexOf('=');
  const word = text.slice(0, Math.max(equals, 0));
  if (!isWord(word)) throw unknownWord(text, index, previous);
  const place = { word: text.slice(0, 200), index };
  if (argumentOf(word) === undefined) throw invalid(`${word} takes no argument; write it alone`, place);
  const argument = text.slice(equals + 1);
  if (argument === '') throw invalid(`${word}= has nothing after it; is a shell variable unset?`, place);
  return { word, argument, index, argumentIndex: index };
}

/** `word ARG` in two argv words, or a word alone. */
function readSpaced(words: readonly string[], index: number, word: Word): Token {
  const alone: Token = { word, index, argumentIndex: index };
  const wanted = argumentOf(word);
  if (wanted === undefined) return alone;
  const argument = words[index + 1];
  const place = { word, index };
  if (word === 'connect' && !connectKinds.some((kind) => kind === argument)) return alone;
  // The one argument that may be missing; whether it may be here is for the parser to say.
  if (word === 'docker-ns' && argument !== undefined && structureWords.has(argument.replace(/=.*$/s, ''))) return alone;
  if (argument === undefined) throw invalid(`${word} needs ${wanted} after it; is a shell variable unset?`, place);
  if (argument === '') {
    throw invalid(`${wanted} after ${word} is empty; is a shell variable unset?`, { word: '', index: index + 1 });
  }
  if (structureWords.has(argument)) {
    throw invalid(`${word} needs ${wanted} before ${argument}; for one of that name write ${word}=${argument}`, place);
  }
  return { word, argument, index, argumentIndex: index + 1 };
}

function unknownWord(text: string, index: number, previous: Token | undefined): Error {
  const place = { word: text.slice(0, 200), index };
  if (text === '') return invalid('an empty word; is a shell variable unset?', place);
  const name = `${show(text)} is not a word of a spec`;
  if (previous?.word === 'connect' && previous.argument === undefined) {
    return invalid(`${name}; after connect stands ${connectKinds.join(', ')} or nothing`, place);
  }
  if (previous?.word === 'docker-run') {
    return invalid(`${name}; all arguments of docker-run are one word, put them in quotes`, place);
  }
  if (previous?.argument !== undefined && isWord(previous.argument)) {
    const lost = `${previous.word} took ${show(previous.argument)} as its argument`;
    return invalid(`${name}; ${lost}, is a shell variable unset?`, place);
  }
  const guess = suggestWord(text);
  if (guess !== undefined) return invalid(`${name}; did you mean ${show(guess)}?`, place);
  if (/^[0-9]+$/.test(text)) return invalid(`${name}; for a port write "url :${text.slice(0, 8)}"`, place);
  if (/[:/@]/.test(text)) return invalid(`${name}; for an address write "url" before it`, place);
  return invalid(`${name}; "wormhole help create" lists them`, place);
}

/**
 * The arguments of `docker-run`, read the way `docker run` reads its own: flags, image, command.
 *
 * Owns the shape only; what a flag means is for whoever starts the container. Messages never repeat a value: it
 * may be a password.
 */
import { parseImage } from './image.ts';
import { invalid, show } from './invalid.ts';
import { findRunFlag, listRunFlags, type RunFlagName, runFlags } from './run-flags.ts';

/** One flag with its value, '' for a switch, and where the value stands: `words[at].slice(from)`. */
export interface RunArgument {
  readonly name: RunFlagName;
  readonly value: string;
  readonly at: number;
  readonly from: number;
}

/** A `docker-run` taken apart. */
export interface RunArguments {
  readonly flags: readonly RunArgument[];
  readonly image: string;
  /** Words after the image; empty = the image's own command. */
  readonly command: readonly string[];
}

/**
 * Takes the words apart.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID at an unknown flag, a missing value, a missing or malformed image
 */
export function readRun(words: readonly string[]): RunArguments {
  const flags: RunArgument[] = [];
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') {
      i++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    const read = word.startsWith('--') ? readLong(words, i) : readShort(words, i);
    flags.push(...read);
    i = Math.max(i, read.at(-1)?.at ?? i);
  }
  const image = words[i];
  if (image === undefined) {
    throw invalid('no image is named; all arguments are one word, for example docker-run "-e A=b mysql"');
  }
  const last = flags.at(-1);
  return { flags, image: readImage(image, last), command: words.slice(i + 1) };
}

/** @param before the flag that it stands behind: what follows a secret with a blank in it is the rest of the secret */
function readImage(image: string, before: RunArgument | undefined): string {
  try {
    return parseImage(image);
  } catch (error) {
    if (before === undefined || runFlags[before.name].secret !== true) throw error;
    throw invalid(`the word after --${before.name} is not an image; put a value that has blanks in quotes of its own`);
  }
}

/** `--name value`, `--name=value`, `--switch`, `--switch=true`. */
function readLong(words: readonly string[], at: number): RunArgument[] {
  const word = words[at] ?? '';
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const flag = name.length > 1 ? findRunFlag(name) : undefined;
  if (flag === undefined) throw unknown(`--${name}`);
  if (equals >= 0 && !flag.value) checkSwitch(`--${name}`, word.slice(equals + 1));
  if (equals >= 0) return [{ name: flag.name, value: word.slice(equals + 1), at, from: equals + 1 }];
  return [
    flag.value ? nextWord(words, at, flag.name, `--${name}`) : { name: flag.name, value: '', at, from: word.length },
  ];
}

/** `-e value`, `-evalue`, `-e=value`, `-ite value`, `-it=true`. */
function readShort(words: readonly string[], at: number): RunArgument[] {
  const word = words[at] ?? '';
  const flags: RunArgument[] = [];
  for (let i = 1; i < word.length; i++) {
    const flag = findRunFlag(word.charAt(i));
    if (flag === undefined) throw unknown(`-${word.charAt(i)}`);
    const told = word.charAt(i + 1) === '=';
    if (!flag.value && !told) {
      flags.push({ name: flag.name, value: '', at, from: word.length });
      continue;
    }
    const from = told ? i + 2 : i + 1;
    if (!flag.value) checkSwitch(`-${word.charAt(i)}`, word.slice(from));
    const inline = { name: flag.name, value: word.slice(from), at, from };
    flags.push(i + 1 < word.length ? inline : nextWord(words, at, flag.name, `-${word.charAt(i)}`));
    break;
  }
  return flags;
}

function checkSwitch(shown: string, value: string): void {
  if (value === 'true' || value === 'false') return;
  throw invalid(`${shown} is a switch; leave the value out, or write true or false`);
}

function nextWord(words: readonly string[], at: number, name: RunFlagName, shown: string): RunArgument {
  const value = words[at + 1];
  if (value === undefined) {
    throw invalid(`${shown} has no value; all arguments are one word, for example docker-run "-e A=b mysql"`);
  }
  return { name, value, at: at + 1, from: 0 };
}

function unknown(flag: string): Error {
  return invalid(`flag ${show(flag)} is not supported; the flags are ${listRunFlags()}`);
}

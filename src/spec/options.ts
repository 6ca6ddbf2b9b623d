/**
 * The options of a spec: for each field of the chain its word, its reader and its spelling.
 *
 * The two tables are complete by type: a new option is a field in `chain.ts`, a row here and a word in `words.ts`.
 */
import type { HeadOptions, TailOptions } from './chain.ts';
import { formatDuration, parseDuration, parseTimeout } from './duration.ts';
import { invalid, show } from './invalid.ts';
import { formatMode, parseCount, parseMode, parseOwner } from './number.ts';
import { parseFilePath } from './path.ts';
import type { Balance } from './plan.ts';
import { formatProbe, parseProbe } from './probe.ts';
import type { Word } from './words.ts';

interface OptionRow<T> {
  readonly word: Word;
  /** @throws {WormholeError} WH_ERR_SPEC_INVALID */
  readonly read: (text: string) => T;
  readonly write: (value: T) => string;
}

type OptionRows<O> = { readonly [F in keyof O]-?: OptionRow<Exclude<O[F], undefined>> };

/** More connections than any machine has descriptors for; a typing error beyond it. */
const CONNS_MAX = 10_000_000;

const balances: readonly Balance[] = ['rr', 'least-conn', 'first', 'random'];

export const headOptionRows: OptionRows<HeadOptions> = {
  maxConns: { word: 'max-conns', read: (text) => parseCount(text, 1, CONNS_MAX), write: String },
  connIdleMs: { word: 'conn-idle', read: parseDuration, write: formatDuration },
  mode: { word: 'mode', read: parseMode, write: formatMode },
  owner: { word: 'owner', read: parseOwner, write: String },
};

export const tailOptionRows: OptionRows<TailOptions> = {
  connectTimeoutMs: { word: 'connect-timeout', read: parseTimeout, write: formatDuration },
  balance: { word: 'balance', read: (text) => oneOf(text, balances), write: String },
  proxyProtocol: { word: 'proxy-protocol', read: (text) => oneOf(text, ['v1', 'v2'] as const), write: String },
  auth: { word: 'auth', read: parseFilePath, write: String },
  ready: { word: 'ready', read: parseProbe, write: formatProbe },
  timeoutMs: { word: 'timeout', read: parseTimeout, write: formatDuration },
  idleMs: { word: 'idle', read: parseDuration, write: formatDuration },
  onIdle: { word: 'on-idle', read: (text) => oneOf(text, ['stop', 'pause', 'remove'] as const), write: String },
};

function oneOf<const T extends string>(text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw invalid(`${show(text)} is not one of ${choices.join(', ')}`);
}

/** Reads option `word`, or returns undefined when it is none of these rows. */
export function readOption<O>(rows: OptionRows<O>, word: Word, text: string): Partial<O> | undefined {
  for (const [field, row] of entries(rows)) {
    if (row.word === word) return { [field]: row.read(text) } as Partial<O>;
  }
  return undefined;
}

/** The given options as words, in the order of the table. */
export function writeOptions<O extends object>(rows: OptionRows<O>, options: O): string[] {
  return entries(rows).flatMap(([field, row]) => {
    const value = options[field as keyof O];
    return value === undefined ? [] : [row.word, row.write(value)];
  });
}

function entries<O>(rows: OptionRows<O>): Array<[string, OptionRow<unknown>]> {
  return Object.entries(rows);
}

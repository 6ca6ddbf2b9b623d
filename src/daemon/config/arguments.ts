/**
 * The daemon's command line: words to values, nothing interpreted yet.
 *
 * `node:util` does the splitting; commander would add half of a bare node start to ours.
 */
import { parseArgs } from 'node:util';
import { WormholeError } from '../../lib/errors.ts';
import { didYouMean } from './nearest.ts';
import type { Option } from './options.ts';

/** What the command line asks for. */
export interface Arguments {
  /** Values by key; a repeatable one is a list. */
  readonly values: Readonly<Record<string, string | string[]>>;
  readonly configFile?: string;
  /** Print something and end instead of serving. */
  readonly instead?: 'help' | 'version' | 'print-config';
  /** Run by an ordinary user. */
  readonly userMode: boolean;
}

const INSTEAD = ['help', 'version', 'print-config'] as const;
const USER_MODE = 'user-mode';
const BARE = [...INSTEAD, USER_MODE] as const;

/** @throws {WormholeError} WH_ERR_USAGE for unknown options, missing values and stray words */
export function parseArguments(argv: readonly string[], options: readonly Option[]): Arguments {
  const { tokens } = split(argv, options);
  const values: Record<string, string | string[]> = {};
  let instead: Arguments['instead'];
  let userMode = false;
  for (const token of tokens) {
    if (token.kind === 'positional') throw usage(`wormholed takes no argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    const bare = BARE.find((name) => name === token.name);
    if (bare !== undefined) {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value`);
      if (bare === USER_MODE) userMode = true;
      else instead ??= bare;
      continue;
    }
    const value = valueOf(token, options);
    const repeatable = options.find(({ key }) => key === token.name)?.repeatable === true;
    const earlier = values[token.name];
    // Of a repeated single value the last one counts: a wrapper's words stand before the user's.
    values[token.name] = repeatable ? [...(Array.isArray(earlier) ? earlier : []), value] : value;
  }
  const { config, ...rest } = values;
  return {
    values: rest,
    userMode,
    ...(typeof config === 'string' && { configFile: config }),
    ...(instead !== undefined && { instead }),
  };
}

function split(argv: readonly string[], options: readonly Option[]) {
  const known: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
    'print-config': { type: 'boolean' },
    [USER_MODE]: { type: 'boolean' },
    config: { type: 'string' },
  };
  for (const { key, flag } of options) known[key] = { type: 'string', ...(flag !== undefined && { short: flag }) };
  // Not strict: its errors know nothing of "did you mean", and `-P -1` would read as two options.
  return parseArgs({ args: [...argv], options: known, strict: false, allowPositionals: true, tokens: true });
}

function valueOf(
  token: { name: string; rawName: string; value?: string | undefined },
  options: readonly Option[],
): string {
  const names = [...options.map(({ key }) => key), ...BARE, 'config'];
  if (!names.includes(token.name)) {
    const hint = token.rawName.startsWith('--') ? didYouMean(token.name, names) : '';
    throw usage(`unknown option ${token.rawName}${hint}`);
  }
  if (token.value === undefined || token.value === '') throw usage(`${token.rawName} needs a value`);
  // `-H=ADDR`: util.parseArgs takes everything behind a short option's letter for its value.
  return token.rawName.startsWith('--') ? token.value : token.value.replace(/^=/, '');
}

function usage(message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', `${message} (see wormholed --help)`);
}

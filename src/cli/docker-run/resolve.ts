/**
 * Makes a spec the same wherever it is read: of every `docker-run`, what only the caller has is put in its place,
 *
 *     --env-file F                  →  --env NAME=VALUE …, before those of the line
 *     -e NAME                       →  --env NAME=VALUE of the caller's environment; nothing when it is unset
 *     -v ./x:/y  -v ~/x:/y          →  --volume /home/me/x:/y
 *     --mount source=./x,…          →  --mount source=/home/me/x,…
 *     --security-opt seccomp=FILE   →  --security-opt seccomp={…}
 *
 * and of `auth`, whose file the daemon reads itself, the path: `auth ./users` → `auth /home/me/users`. Behind a link to a peer it
 * is a path of that peer's and left as it is.
 *
 * The daemon runs as root, in another directory and with another environment, maybe on another machine: it would read
 * other files, and files that the caller may not. So it reads none, and refuses what is left. The words keep their
 * number and their order; those of other kinds are left as they are.
 */
import { WormholeError } from '../../lib/errors.ts';
import { at, invalid } from '../../spec/invalid.ts';
import { splitCsv } from '../../spec/recipe/csv.ts';
import { isRelative } from '../../spec/recipe/source.ts';
import { type RunArgument, readRun } from '../../spec/run.ts';
import { runFlags } from '../../spec/run-flags.ts';
import { joinWords, splitWords } from '../../spec/shell.ts';
import { type Token, tokenize } from '../../spec/tokens.ts';
import type { Word } from '../../spec/words.ts';
import type { Surroundings } from '../invocation.ts';
import { readEnvFile } from './env-file.ts';
import { absolutePath } from './path.ts';
import { readSeccomp } from './seccomp.ts';
import { readUserFile } from './user-file.ts';

/** What only the caller has. */
export type Caller = Pick<Surroundings, 'env' | 'workingDirectory' | 'signal'>;

/** Longest word that the API takes, in characters; `CreateRequest` of `../../spec/api.ts`. */
export const WORD_LENGTH = 65_536;

/**
 * The same words, ready to be sent.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID when the spec cannot be cut into words or a file's content does not fit;
 * WH_ERR_FILE when a file cannot be read
 */
export async function resolveWords(words: readonly string[], caller: Caller): Promise<readonly string[]> {
  const resolved = [...words];
  let here = true;
  for (const token of tokenize(words)) {
    if (peerLinks.has(token.word)) here = false;
    if (token.word === 'auth' && token.argument !== undefined && here) {
      const path = at(placeOf(token), 'auth', () => absolutePath(token.argument ?? '', caller));
      resolved[token.argumentIndex] = token.index === token.argumentIndex ? `auth=${path}` : path;
    }
    if (token.word !== 'docker-run' || token.argument === undefined) continue;
    const argument = await resolveToken(token, token.argument, caller);
    resolved[token.argumentIndex] = token.index === token.argumentIndex ? `docker-run=${argument}` : argument;
  }
  return resolved;
}

/** What follows them runs on another machine. */
const peerLinks: ReadonlySet<Word> = new Set<Word>(['remote', 'tunnel', 'udptunnel']);

function placeOf({ word, index }: Token): { word: Word; index: number } {
  return { word, index };
}

async function resolveToken(token: Token, argument: string, caller: Caller): Promise<string> {
  try {
    return await resolveArgument(argument, caller);
  } catch (error) {
    // As the parser does: points at the word, never at its argument, which may hold a password.
    const place = placeOf(token);
    if (WormholeError.is(error) && error.code === 'WH_ERR_FILE') {
      throw new WormholeError(error.code, error.message, { cause: error, detail: place });
    }
    return at(place, token.word, () => {
      throw error;
    });
  }
}

async function resolveArgument(argument: string, caller: Caller): Promise<string> {
  const { flags, image, command } = readRun(splitWords(argument));
  if (!flags.some(needsCaller)) return argument;
  const files = flags.filter(({ name }) => name === 'env-file');
  const resolved: string[] = [];
  for (const { value } of files) {
    const text = await readUserFile(absolutePath(value, caller), 'env-file', caller.signal);
    for (const variable of readEnvFile(text, value, caller.env)) resolved.push(`--env=${variable}`);
  }
  for (const flag of flags) if (flag.name !== 'env-file') resolved.push(...(await resolveFlag(flag, caller)));
  const line = joinWords([...resolved, image, ...command]);
  if (line.length > WORD_LENGTH) {
    throw invalid(`with the files that it names it has ${line.length} characters; the most are ${WORD_LENGTH}`);
  }
  return line;
}

function needsCaller({ name, value }: RunArgument): boolean {
  if (name === 'env') return !value.includes('=');
  if (name === 'volume') return isRelative(value.slice(0, Math.max(value.indexOf(':'), 0)));
  if (name === 'mount') return splitCsv(value).some((field) => isRelative(sourceOf(field) ?? ''));
  return name === 'env-file' || (name === 'security-opt' && seccompFile(value) !== undefined);
}

/** One flag as the daemon takes it, in one word; none when there is nothing left of it. */
async function resolveFlag(flag: RunArgument, caller: Caller): Promise<string[]> {
  const { name, value } = flag;
  if (runFlags[name].value === undefined) return [value === '' ? `--${name}` : `--${name}=${value}`];
  if (!needsCaller(flag)) return [`--${name}=${value}`];
  if (name === 'env') {
    const found = Object.hasOwn(caller.env, value) ? caller.env[value] : undefined;
    return found === undefined ? [] : [`--env=${value}=${found}`];
  }
  if (name === 'volume') return [`--volume=${resolveVolume(value, caller)}`];
  if (name === 'mount') return [`--mount=${resolveMount(value, caller)}`];
  const file = seccompFile(value) ?? '';
  const text = await readUserFile(absolutePath(file, caller), name, caller.signal);
  return [`--security-opt=seccomp=${readSeccomp(text, file)}`];
}

function resolveVolume(value: string, caller: Caller): string {
  const colon = value.indexOf(':');
  const source = absolutePath(value.slice(0, colon), caller);
  if (source.includes(':')) throw invalid('--volume: the directory has a colon in its name; use --mount for it');
  return source + value.slice(colon);
}

function resolveMount(value: string, caller: Caller): string {
  const fields = splitCsv(value).map((field) => {
    const source = sourceOf(field);
    return source === undefined || !isRelative(source) ? field : `source=${absolutePath(source, caller)}`;
  });
  return fields.map((field) => (/["\r\n,]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

function sourceOf(field: string): string | undefined {
  return /^(?:source|src)=(.*)$/is.exec(field)?.[1];
}

/** The file of `seccomp=FILE`; undefined when the profile is said in place, or none is. */
function seccompFile(value: string): string | undefined {
  const file = /^seccomp[=:](.+)$/s.exec(value)?.[1];
  return file === 'unconfined' || file?.startsWith('{') === true ? undefined : file;
}

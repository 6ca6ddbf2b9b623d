/**
 * The files of a compose project: the compose file, `.env` beside it, and those that services name.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { type Data, FILE_MAX, readDocument } from './document.ts';
import { readDotenv } from './dotenv.ts';
import type { ReadEnvFile } from './environment.ts';
import { type Findings, untranslatable } from './findings.ts';
import type { Variables } from './interpolate.ts';

export interface Loaded {
  readonly document: Data;
  /** Where the compose file is. */
  readonly directory: string;
  /** A variable of the caller, else of `.env`. */
  readonly get: (name: string) => string | undefined;
  readonly readFile: ReadEnvFile;
}

/** Names that a directory's compose file has, in compose's order. */
const usualNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/**
 * @param file whole path of a compose file, or of the directory of one
 * @throws {WormholeError} WH_ERR_COMPOSE
 */
export async function load(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): Promise<Loaded> {
  const path = locate(file);
  const directory = dirname(path);
  const text = readSmall(path);
  if (text === undefined) throw new WormholeError('WH_ERR_FILE', `${path} does not exist`);
  const own = (name: string): string | undefined => (Object.hasOwn(env, name) ? env[name] : undefined);
  const unset = (where: string) => (name: string) =>
    findings.note(where, `variable ${name} is not set; nothing is put in its place`);
  const inDotenv = { get: own, onUnset: unset('.env') };
  const dotenv = naming('.env', () => readDotenv(readSmall(join(directory, '.env')) ?? '', inDotenv));
  const get = (name: string): string | undefined => own(name) ?? dotenv.get(name);
  const variables: Variables = { get, onUnset: unset('the file') };
  const readFile: ReadEnvFile = (name) => {
    const content = readSmall(resolve(directory, name));
    if (content === undefined) return undefined;
    return naming(name, () => readDotenv(content, { get, onUnset: unset(name) }));
  };
  const document = await readDocument(text, variables).catch((error: unknown) => {
    throw named(path, error);
  });
  return { document, directory, get, readFile };
}

function locate(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path;
  const found = usualNames
    .map((name) => join(path, name))
    .find((one) => statSync(one, { throwIfNoEntry: false }) !== undefined);
  if (found === undefined) throw untranslatable(`${path} has none of ${usualNames.join(', ')}`);
  return found;
}

/** @returns undefined when there is no such file @throws {WormholeError} WH_ERR_COMPOSE when it cannot be read or is too large */
function readSmall(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw untranslatable(`${path} cannot be read: ${code ?? String(error)}`);
  }
  try {
    if (fstatSync(fd).isDirectory()) throw untranslatable(`${path} is a directory`);
    const bytes = Buffer.alloc(FILE_MAX + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      length += read;
      if (length > FILE_MAX) throw untranslatable(`${path} is larger than ${FILE_MAX / 1024} KiB`);
      if (read === 0) return bytes.toString('utf8', 0, length);
    }
  } finally {
    closeSync(fd);
  }
}

function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw named(path, error);
  }
}

function named(path: string, error: unknown): unknown {
  return WormholeError.is(error) && error.code === 'WH_ERR_COMPOSE'
    ? untranslatable(`${path}: ${error.message}`)
    : error;
}

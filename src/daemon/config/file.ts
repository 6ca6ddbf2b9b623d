/**
 * The config file: YAML with the long options as keys. Loaded, and the YAML parser with it, only when one is named.
 */
import { readFile } from 'node:fs/promises';
import { WormholeError } from '../../lib/errors.ts';
import type { JsonSchema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';
import { didYouMean } from './nearest.ts';

/** A config file is a page of text; more is a mistake. */
const MAX_BYTES = 1_048_576;

/** @throws {WormholeError} WH_ERR_CONFIG naming file, key and what is wrong with it */
export async function readConfigFile(path: string, schema: JsonSchema): Promise<Record<string, unknown>> {
  const document = await parse(path, await read(path));
  if (document === null) return {};
  // Everything is optional in the file: what it does not say comes from elsewhere.
  const { required: _, ...open } = schema;
  const violation = validate(open, document);
  if (violation === undefined) return document as Record<string, unknown>;
  const subject = violation.path === '' ? 'the document' : `key ${violation.path}`;
  const hint = violation.known === undefined ? '' : didYouMean(violation.path.split('.').at(-1) ?? '', violation.known);
  throw new WormholeError('WH_ERR_CONFIG', `${path}: ${subject} ${violation.problem}${hint}`, {
    detail: { file: path, key: violation.path },
  });
}

async function read(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_CONFIG', `cannot read the config file ${path}: ${code}`, { cause });
  }
  if (text.length > MAX_BYTES) throw new WormholeError('WH_ERR_CONFIG', `${path}: larger than ${MAX_BYTES} bytes`);
  return text;
}

async function parse(path: string, text: string): Promise<unknown> {
  const yaml = await import('yaml');
  try {
    return yaml.parse(text, { maxAliasCount: 0, prettyErrors: true }) as unknown;
  } catch (cause) {
    const [line] = (cause as Error).message.split('\n');
    throw new WormholeError('WH_ERR_CONFIG', `${path}: ${line}`, { cause });
  }
}

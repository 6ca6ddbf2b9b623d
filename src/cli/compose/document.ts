/**
 * A compose file as plain data: parsed, bounded, its variables filled in.
 *
 * A file may come from anywhere: its size, what its aliases grow to and its depth are limited. YAML's merge key `<<` is
 * followed; `include` and `extends` name other files and are not.
 */
import { isRecord } from './fields.ts';
import { untranslatable } from './findings.ts';
import { interpolate, type Variables } from './interpolate.ts';

/** Bytes. */
export const FILE_MAX = 1024 * 1024;
/** What all aliases together may come to, in nodes for each node of the file; the parser's own measure. */
const ALIASES_MAX = 100;
const DEPTH_MAX = 64;

export type Data = Readonly<Record<string, unknown>>;

/** @throws {WormholeError} WH_ERR_COMPOSE */
export async function readDocument(text: string, variables: Variables): Promise<Data> {
  // Loaded when it is needed: no other verb reads YAML.
  const { parseDocument } = await import('yaml');
  let data: unknown;
  try {
    const document = parseDocument(text, { merge: true, version: '1.2', logLevel: 'error' });
    const [error] = document.errors;
    if (error !== undefined) throw untranslatable(`it is not valid YAML: ${error.message.split('\n')[0] ?? ''}`);
    data = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    if (cause instanceof RangeError) throw untranslatable('it is nested too deeply to be a compose file');
    if (cause instanceof ReferenceError) throw untranslatable(`its aliases cannot be followed: ${cause.message}`);
    throw cause;
  }
  if (!isRecord(data)) throw untranslatable('it is no compose file; it has no services:');
  return fillIn(data, variables, 0) as Data;
}

/** Keys stay as they are, as in compose. */
function fillIn(value: unknown, variables: Variables, depth: number): unknown {
  if (depth > DEPTH_MAX) throw untranslatable('it is nested too deeply to be a compose file');
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((one) => fillIn(one, variables, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillIn(one, variables, depth + 1)]));
}

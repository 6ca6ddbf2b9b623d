/**
 * What is remembered of a wormhole: one JSON file, versioned.
 *
 * Pure: text to record and back. A record holds the words as given (docker-run environments included), hence the
 * directory's 0700.
 */
import type { Identity } from '../places/sight.ts';
import type { JsonSchema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';

export const RECORD_VERSION = 1;

export interface WormholeRecord {
  readonly version: typeof RECORD_VERSION;
  readonly id: string;
  readonly words: readonly string[];
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Order of creation; the clock may go backwards, this does not. */
  readonly sequence: number;
  /** The ephemeral port that was bound, so that it stays the same; absent when the spec names the port. */
  readonly port?: number;
  /** Identity of the peer that asked for it and whose policy it obeys; absent = somebody of this machine. */
  readonly owner?: string;
  /** What the containers' references were found to mean, by reference, so that they mean the same after a restart. */
  readonly identities?: Readonly<Record<string, Identity>>;
}

const identity: JsonSchema = {
  type: 'object',
  required: ['by'],
  properties: { by: { type: 'string' }, name: { type: 'string' }, id: { type: 'string' } },
  additionalProperties: false,
};

const schema: JsonSchema = {
  type: 'object',
  required: ['version', 'id', 'words', 'createdAt', 'sequence'],
  properties: {
    version: { type: 'integer' },
    id: { type: 'string', minLength: 1, maxLength: 64 },
    words: { type: 'array', minItems: 1, items: { type: 'string' } },
    createdAt: { type: 'string', minLength: 1 },
    sequence: { type: 'integer' },
    port: { type: 'integer' },
    owner: { type: 'string', minLength: 1, maxLength: 255 },
    identities: { type: 'object', patternProperties: { '^container:': identity }, additionalProperties: false },
  },
  additionalProperties: false,
};

export function formatRecord(record: WormholeRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** @param id what the file's name says @returns the record, or what is wrong with it */
export function parseRecord(text: string, id: string): WormholeRecord | { readonly damage: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { damage: 'not JSON' };
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== RECORD_VERSION) {
    return { damage: `version ${version}; this wormholed knows version ${RECORD_VERSION}` };
  }
  const violation = validate(schema, value);
  if (violation !== undefined) return { damage: `${violation.path || 'the document'} ${violation.problem}` };
  const record = value as WormholeRecord;
  if (record.id !== id) return { damage: `it is of ${record.id}, by its name of ${id}` };
  return record;
}

/**
 * The emitted JSON schemas, and the small part of JSON Schema that they use.
 *
 * Owns reading `src/spec/schemas.json`; typebox itself is never loaded at run time.
 */
import { readFileSync } from 'node:fs';

/** The keywords that our schemas use; `validate.ts` knows each of them. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly description?: string;
  /** Short option of a setting. */
  readonly flag?: string;
  /** Name of a setting's value in the help text. */
  readonly metavar?: string;
}

export interface Schemas {
  /** Wire shapes of `src/spec/api.ts` by name. */
  readonly api: Readonly<Record<string, JsonSchema>>;
  /** `src/daemon/config-schema.ts` */
  readonly config: JsonSchema;
}

/** Reads the emitted schemas; they lie beside the compiled code as beside the source. */
export function loadSchemas(): Schemas {
  return JSON.parse(readFileSync(new URL('../../spec/schemas.json', import.meta.url), 'utf8')) as Schemas;
}

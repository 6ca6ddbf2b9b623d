/**
 * The settings as a flat table: names, environment variables, defaults and help, read off the emitted schema.
 */
import type { JsonSchema } from '../schema/schema.ts';

/** One setting. */
export interface Option {
  /** Key in the file and, unless it is the file's alone, long option, e.g. `state-dir`. */
  readonly key: string;
  /** Short option without dash, if any. */
  readonly flag?: string;
  /** e.g. `WORMHOLE_STATE_DIR` */
  readonly env: string;
  readonly metavar: string;
  readonly description: string;
  /** True when it may be given more than once. */
  readonly repeatable: boolean;
  /** undefined when there is none. */
  readonly fallback: unknown;
  /** True for what can stand in the config file only: an object fits into no flag and no variable. */
  readonly fileOnly: boolean;
}

/** Where the path of the config file itself may come from; it cannot stand in the file. */
export const CONFIG_ENV = 'WORMHOLE_CONFIG';

/** All settings, in the order of the schema. */
export function optionsOf(schema: JsonSchema): readonly Option[] {
  return Object.entries(schema.properties ?? {}).map(([key, property]) => ({
    key,
    ...(property.flag !== undefined && { flag: property.flag }),
    env: `WORMHOLE_${key.toUpperCase().replaceAll('-', '_')}`,
    metavar: property.metavar ?? 'VALUE',
    description: property.description ?? '',
    repeatable: property.type === 'array',
    fallback: property.default,
    fileOnly: property.type === 'object',
  }));
}

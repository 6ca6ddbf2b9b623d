/**
 * The effective configuration: flag over environment over file over default, each value with its origin.
 */
import { WormholeError } from '../../lib/errors.ts';
import type { JsonSchema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';
import type { Arguments } from './arguments.ts';
import { type Environment, fromEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { CONFIG_ENV, type Option } from './options.ts';

/** One setting as it will be used. */
export interface Effective {
  readonly option: Option;
  /** undefined when it is nowhere given and has no default. */
  readonly value: unknown;
  /** e.g. `flag --socket`, `env WORMHOLE_SOCKET`, `file /etc/wormhole/wormholed.yaml`, `default` */
  readonly origin: string;
}

/** @throws {WormholeError} WH_ERR_CONFIG */
export async function effectiveConfig(
  schema: JsonSchema,
  options: readonly Option[],
  args: Arguments,
  env: Environment,
): Promise<readonly Effective[]> {
  const path = args.configFile ?? env[CONFIG_ENV];
  if (path === '') throw new WormholeError('WH_ERR_CONFIG', `${CONFIG_ENV} is set but empty`);
  const file = path === undefined ? {} : await readConfigFile(path, schema);
  const environment = fromEnvironment(
    env,
    options.filter(({ fileOnly }) => !fileOnly),
  );
  const effective = options.map((option): Effective => {
    const { key } = option;
    if (Object.hasOwn(args.values, key)) return { option, value: args.values[key], origin: `flag --${key}` };
    if (Object.hasOwn(environment, key)) return { option, value: environment[key], origin: `env ${option.env}` };
    if (Object.hasOwn(file, key)) return { option, value: file[key], origin: `file ${path}` };
    return { option, value: option.fallback, origin: 'default' };
  });
  for (const setting of effective) check(schema, setting);
  return effective;
}

function check(schema: JsonSchema, { option, value, origin }: Effective): void {
  const property = schema.properties?.[option.key];
  if (value === undefined || property === undefined) return;
  const violation = validate(property, value);
  if (violation === undefined) return;
  throw new WormholeError('WH_ERR_CONFIG', `${option.key}${violation.path} ${violation.problem} (from ${origin})`, {
    detail: { key: option.key, origin },
  });
}

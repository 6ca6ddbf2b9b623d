/** From command line and environment to settings, or to the text that was asked for instead. */
import type { JsonSchema } from '../schema/schema.ts';
import { parseArguments } from './arguments.ts';
import { effectiveConfig } from './effective.ts';
import type { Environment } from './environment.ts';
import { optionsOf } from './options.ts';
import { printConfig, printHelp } from './print.ts';
import { type Settings, toSettings } from './settings.ts';
import { userDefaults } from './user-mode.ts';

export type Loaded = { readonly settings: Settings } | { readonly print: string };

/** @throws {WormholeError} WH_ERR_USAGE, WH_ERR_CONFIG */
export async function loadConfig(
  schema: JsonSchema,
  argv: readonly string[],
  env: Environment,
  version: string,
): Promise<Loaded> {
  const known = optionsOf(schema);
  const args = parseArguments(
    argv,
    known.filter(({ fileOnly }) => !fileOnly),
  );
  const options = args.userMode ? userDefaults(known, env) : known;
  if (args.instead === 'help') return { print: printHelp(options) };
  if (args.instead === 'version') return { print: `wormholed ${version}\n` };
  const config = await effectiveConfig(schema, options, args, env);
  const settings = toSettings(config);
  return args.instead === 'print-config' ? { print: printConfig(config) } : { settings };
}

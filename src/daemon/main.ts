#!/usr/bin/env node
/**
 * The daemon's entry: settings in, exit code out. Owns the process: signals, the service manager, the last words.
 *
 * Nothing but the settings is loaded before they are known to be good.
 */
import { readFileSync } from 'node:fs';
import { Exit, WormholeError } from '../lib/errors.ts';
import { loadConfig } from './config/load.ts';
import { loadSchemas } from './schema/schema.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

try {
  const schemas = loadSchemas();
  const loaded = await loadConfig(schemas.config, process.argv.slice(2), process.env, version);
  if ('print' in loaded) process.stdout.write(loaded.print);
  else {
    const { serve } = await import('./serve.ts');
    await serve({ settings: loaded.settings, schemas, version });
  }
} catch (error) {
  const known = WormholeError.is(error);
  process.stderr.write(known ? `wormholed: ${error.message} [${error.code}]\n` : `wormholed: ${String(error)}\n`);
  process.exitCode = known ? error.exitCode : Exit.software;
}

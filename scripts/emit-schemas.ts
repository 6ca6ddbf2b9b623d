/**
 * Emits the typebox schemas as JSON, so that nothing loads typebox at run time: `src/spec/schemas.json` for the
 * daemon's validator and `docs/openapi.json` for people. Both are checked in; a test fails when they are stale.
 *
 * Run, from the repository's root (Node 20 cannot run TypeScript itself):
 *   npx tsc -p . --noEmit false --outDir node_modules/.cache/wormhole && node node_modules/.cache/wormhole/scripts/emit-schemas.js
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openapiDocument } from '../src/daemon/api/openapi.ts';
import { Config } from '../src/daemon/config-schema.ts';
import type { JsonSchema, Schemas } from '../src/daemon/schema/schema.ts';
import * as shapes from '../src/spec/api.ts';

/** What belongs into each emitted file, by its path in the repository. */
export function emitted(root: string): ReadonlyMap<string, string> {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };
  const schemas: Schemas = {
    // Sorted: a module's names come in another order from a compiler than from a bundler.
    api: Object.fromEntries(
      Object.entries(shapes as unknown as Record<string, JsonSchema>).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    config: Config,
  };
  return new Map([
    ['src/spec/schemas.json', print(schemas)],
    ['docs/openapi.json', print(openapiDocument(schemas, version))],
  ]);
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.cwd();
  for (const [path, text] of emitted(root)) writeFileSync(resolve(root, path), text);
}

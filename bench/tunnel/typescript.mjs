/**
 * Loading hook for modules of the tests, whose types Node.js 20 cannot leave out by itself: the test runner's own compiler does.
 * Registered by `guest.mjs`.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** @type {(file: string, source: string) => { code: string }} */
let transform;

export async function initialize() {
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const vite = createRequire(vitest).resolve('vite/package.json');
  ({ transformSync: transform } = await import(pathToFileURL(createRequire(vite).resolve('rolldown/utils')).href));
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return await next(url, context);
  const source = transform('module.ts', await readFile(new URL(url), 'utf8')).code;
  return { format: 'module', shortCircuit: true, source };
}

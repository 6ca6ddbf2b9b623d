/**
 * The tree as the rule tests see it: its files, their text, and what each of them imports.
 *
 * Read fresh from disk; knows nothing about what is allowed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Paths relative to the repository of all files under `folder`, sorted; [] when there is no such folder. */
export function filesUnder(folder: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules/') && !path.startsWith('dist/'))
    .sort();
}

function list(folder: string) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
}

/** TypeScript files under `folders`; tests and generated files included. */
export function sources(...folders: string[]): string[] {
  return folders.flatMap(filesUnder).filter((path) => path.endsWith('.ts'));
}

/** Sources that ship: under src/, without the unit tests that stand beside them. */
export function shipped(): string[] {
  return sources('src').filter((path) => !path.endsWith('.test.ts'));
}

/** The text of a file, by its path relative to the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** One import or re-export. */
export interface Import {
  /** As written: a package, `node:…`, or a relative path. */
  readonly specifier: string;
  /** For relative ones, the imported file relative to the repository. */
  readonly file?: string;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const statement = /^[ \t]*(?:import|export)\b([^;'"]*?)\bfrom\s*['"]([^'"]+)['"]|^[ \t]*import\s*['"]([^'"]+)['"]/gm;
const call = /\b(?:import|require|createRequire\([^)]*\))\s*\(\s*['"]([^'"]+)['"]/g;

/** Everything that `path` imports: statements, re-exports, `import()` and `require()` of a literal. */
export function importsOf(path: string): Import[] {
  const text = stripComments(read(path));
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const local = specifier.startsWith('.');
    const file = local ? { file: posix.join(posix.dirname(path), specifier) } : {};
    found.push({ specifier, typeOnly, ...file });
  };
  for (const [, clause, from, bare] of text.matchAll(statement)) {
    if (bare !== undefined) add(bare, false);
    else if (from !== undefined) add(from, isTypeClause(clause ?? ''));
  }
  for (const [, specifier] of text.matchAll(call)) if (specifier !== undefined) add(specifier, false);
  return found;
}

/** `import type …` or `{ type A, type B }`: nothing of either is left at run time (the latter keeps side effects). */
function isTypeClause(clause: string): boolean {
  return /^\s*type\b/.test(clause);
}

/** The text without comments, good enough for scanning: strings that contain comment signs stay as they are. */
export function stripComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

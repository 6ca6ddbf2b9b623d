/**
 * The sources as Node can run them: a thread or a child loads plain JavaScript, so what it needs is compiled aside, as
 * it is now, independent of any build of the whole.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** Compiled sources; disposing removes them. */
export interface Compiled extends Disposable {
  /** @param source e.g. `proxy/thread/worker.ts` */
  url(source: string): URL;
}

/** Compiles files of `src/` and all they import. @param sources e.g. `proxy/thread/worker.ts` */
export function compile(...sources: readonly string[]): Compiled {
  // below node_modules, so that packages are found from there
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'relay-worker-'));
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { noCheck: true, rootDir: join(root, 'src'), outDir: join(directory, 'out'), declaration: false },
    include: sources.map((source) => join(root, 'src', source)),
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', directory], { stdio: 'inherit' });
  return {
    url: (source) => pathToFileURL(join(directory, 'out', source.replace(/\.ts$/, '.js'))),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The relay worker's entry. */
export function compileWorker(): Disposable & { readonly url: URL } {
  const compiled = compile('proxy/thread/worker.ts');
  return { url: compiled.url('proxy/thread/worker.ts'), [Symbol.dispose]: () => compiled[Symbol.dispose]() };
}

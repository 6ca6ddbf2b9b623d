/**
 * The relay worker as Node can run it: a thread loads plain JavaScript, so the sources are compiled aside, as they
 * are now, independent of any build of the whole.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** Compiles `src/proxy/worker.ts` and all it imports; disposing removes the result. */
export function compileWorker(): Disposable & { readonly url: URL } {
  // below node_modules, so that packages are found from there
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'relay-worker-'));
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { noCheck: true, rootDir: join(root, 'src'), outDir: join(directory, 'out'), declaration: false },
    include: [join(root, 'src/proxy/worker.ts')],
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', directory], { stdio: 'inherit' });
  return {
    url: pathToFileURL(join(directory, 'out/proxy/worker.js')),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

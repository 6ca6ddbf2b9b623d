/**
 * The built programs in a few files, for processors that are emulated: to find and read some seven hundred modules takes them most of
 * a daemon's start. What is in the files is what `make` built, and every path in it stays what it is.
 *
 * Kept in the cache until there is another build.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../../..');
const cache = join(root, 'node_modules/.cache/vm');

/** Whatever is started by its path: programs and threads. */
const entries = [
  'cli/main.js',
  'daemon/main.js',
  'daemon/carrier/worker.js',
  'proxy/thread/worker.js',
  'tunnel/encapsulation/holder.js',
];

/** Those that look for files beside themselves. */
const apart = [/^node:/, /koffi/, /\.node$/, 'cpu-features', 'dockerode', 'pino', /^@matrixai/];

interface Plugin {
  readonly name: string;
  transform(code: string, id: string): string | undefined;
}
interface Bundler {
  rolldown(options: {
    readonly input: Readonly<Record<string, string>>;
    readonly platform: 'node';
    readonly external: readonly (string | RegExp)[];
    readonly plugins: readonly Plugin[];
    readonly logLevel: 'silent';
  }): Promise<{ write(options: object): Promise<unknown>; close(): Promise<void> }>;
}

/** @returns a directory with `wormhole`, `wormholed` and the `dist` that they are in */
export async function packedPrograms(): Promise<string> {
  const built = join(root, 'dist/.built');
  if (!existsSync(built)) throw new Error('./wormholed is not built; run make');
  const packed = `packed-${Math.trunc(statSync(built).mtimeMs)}`;
  if (existsSync(join(cache, packed))) return join(cache, packed);
  const work = mkdtempSync(join(cache, 'work.'));
  try {
    await pack(work, join(cache, packed));
    for (const name of readdirSync(cache))
      if (name.startsWith('packed-')) rmSync(join(cache, name), { recursive: true });
    renameSync(work, join(cache, packed));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return join(cache, packed);
}

/** @param place where it will be */
async function pack(work: string, place: string): Promise<void> {
  const dist = join(root, 'dist');
  cpSync(dist, join(work, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(work, 'package.json'));
  const bundler = await bundlerOfVitest();
  // One by one: what two have in common would become files of its own.
  for (const entry of entries) {
    const bundle = await bundler.rolldown({
      input: { [entry.slice(0, -3)]: join(dist, entry) },
      platform: 'node',
      external: apart,
      plugins: [{ name: 'places', transform: (code, id) => placed(code, relative(dist, id), place) }],
      logLevel: 'silent',
    });
    await bundle.write({
      dir: join(work, 'dist'),
      format: 'esm',
      chunkFileNames: 'packed/[name]-[hash].js',
      minify: 'dce-only',
    });
    await bundle.close();
  }
  for (const [name, entry] of [
    ['wormhole', 'cli/main.js'],
    ['wormholed', 'daemon/main.js'],
  ] as const) {
    chmodSync(join(work, 'dist', entry), 0o755);
    symlinkSync(join('dist', entry), join(work, name));
  }
}

/** A module's own address, which it finds others by, is that of its copy. */
function placed(code: string, path: string, place: string): string | undefined {
  if (path.startsWith('..') || !code.includes('import.meta.')) return undefined;
  const url = pathToFileURL(join(place, 'dist', path)).href;
  return code
    .replaceAll('import.meta.url', JSON.stringify(url))
    .replaceAll('import.meta.dirname', JSON.stringify(join(place, 'dist', path, '..')));
}

/** The one that the test runner brings along. */
async function bundlerOfVitest(): Promise<Bundler> {
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  const vite = createRequire(vitest).resolve('vite/package.json');
  return (await import(pathToFileURL(createRequire(vite).resolve('rolldown')).href)) as Bundler;
}

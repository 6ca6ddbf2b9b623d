/**
 * What every benchmark does around its measuring: words in, what it needs from outside, a world of its own, an exit status.
 *
 * Prepares outside (packages, compiler), then runs the same program again inside fresh namespaces and measures there.
 */
import { compile, install } from './prepare.mjs';
import { inside, runInside, settle } from './world.mjs';

/**
 * @template Options
 * @typedef {object} Benchmark
 * @property {string} usage
 * @property {(argv: readonly string[]) => Options} readOptions @throws {Error} for words it does not know
 * @property {readonly { file: string, name: string }[]} [packages] Debian packages beside those that every benchmark needs
 * @property {(options: Options, dir: string) => Promise<void>} [measure] in the world, with a folder for everything the programs write
 * @property {(options: Options) => Promise<number>} [conduct] instead: outside, makes worlds of its own, @returns exit status
 */

/**
 * @template Options
 * @param {Benchmark<Options>} benchmark
 * @returns {Promise<number>} exit status: 0 measured (whatever the figures say), 64 wrong usage, 70 not measured, 77 not root
 */
export async function runBenchmark({ usage, readOptions, packages = [], measure, conduct }) {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return 0;
  }
  /** @type {Options} */
  let options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 64;
  }
  if (process.getuid?.() !== 0) {
    console.error('the benchmark makes namespaces of its own and needs root');
    return 77;
  }
  try {
    const dir = inside();
    if (dir === undefined) {
      install(packages);
      compile();
      if (conduct !== undefined) return await conduct(options);
      return await runInside(process.argv.slice(1));
    }
    settle();
    await measure?.(options, dir);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    // What still runs would keep this process, and with it the world.
    if (inside() !== undefined) process.exit(70);
    return 70;
  }
}

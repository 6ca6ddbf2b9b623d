/**
 * Where the benchmark's own files are.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const benchDir = dirname(fileURLToPath(import.meta.url));
/** The repository: `make` leaves ./wormhole and ./wormholed here. */
export const rootDir = dirname(benchDir);
/** Where ./wormhole and ./wormholed are that are measured. */
export const programsDir = process.env['WORMHOLE_BENCH_PROGRAMS'] ?? rootDir;
export const buildDir = join(benchDir, '.build');
export const loadSources = join(benchDir, 'load');
/** A path that takes time, as the tests have it. */
export const slowLinkSource = join(rootDir, 'test/support/slow-link.c');
export const slowLinkProgram = join(buildDir, 'slow-link');
export const loadProgram = join(buildDir, 'load');
/** The same without libraries, for a container that holds nothing else. */
export const staticLoadProgram = join(buildDir, 'load-static');

#!/usr/bin/env node
/**
 * One row of the comparison, in a world that is its own: a namespace of this machine, or the virtual machine. Its figures go to the
 * process that started it, how far it is to standard error; whatever it leaves running ends with its world.
 */
import { mkdtempSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inside, settle } from '../world.mjs';
import { bulk } from './bulk.mjs';
import { many } from './many.mjs';
import { setUp } from './set-up.mjs';

/** @typedef {Record<string, number>} Figures */
/** @typedef {(text: string) => void} Tell how far it is */
/** @typedef {{ kernel: string, samples: Figures[] }} Measured */

const measures = { bulk, setUp, many };

const { measure, options } = JSON.parse(process.env['WORMHOLE_BENCH_ROW'] ?? '{}');
const work = measures[/** @type {keyof typeof measures} */ (measure)];
try {
  if (work === undefined || process.send === undefined) throw new Error('bench/tunnel/run.mjs starts this');
  settle();
  const dir = inside() ?? mkdtempSync(join(tmpdir(), 'wormhole-bench-'));
  const samples = await work(options, dir, (text) => console.error(`         ${text}`));
  process.send({ kernel: release(), samples }, () => process.exit(0));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(70);
}

/**
 * Rounds × tests × slices × contenders: neighbours in time are different programs under the same test, and who comes
 * first changes from test to test, from slice to slice and from round to round.
 *
 * Before them each program is under each test for one slice, which is told by itself, as the cell `first KEY`: what is measured is
 * a program that runs, and a compiler inside one, like caches and what the kernel remembers of a path, needs a moment.
 */
import { roundOf } from './slices.mjs';

/** @typedef {import('./cells.mjs').Cell} Cell */

/**
 * @param {readonly Cell[]} cells
 * @param {number} rounds
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 * @param {string} dir
 */
export async function allRounds(cells, rounds, contenders, dir) {
  /** @type {import('./verdict.mjs').Sample[]} */
  const samples = [];
  /** @type {Set<string>} */
  const dead = new Set();
  for (let round = -1; round < rounds; round++) {
    const first = round < 0;
    for (const [i, cell] of cells.entries()) {
      if (first && cell.slices === 1) continue;
      const fitting = contenders.filter((contender) => cell.fits(contender));
      process.stderr.write(`${first ? 'first' : `round ${round + 1}/${rounds}`} ${cell.key}:`);
      /** @type {Map<string, Record<string, number>[]>} */
      const slices = new Map(fitting.map(({ name }) => [name, []]));
      for (let slice = 0; slice < (first ? 1 : cell.slices); slice++) {
        const turn = ((round + 1) * 3 + i + slice) % Math.max(1, fitting.length);
        for (const contender of [...fitting.slice(turn), ...fitting.slice(0, turn)]) {
          if (slice === 0) process.stderr.write(` ${contender.name}`);
          slices.get(contender.name)?.push(await cell.measure(contender, round, dir));
          const obituary = contender.obituary();
          if (obituary === undefined || dead.has(contender.name)) continue;
          dead.add(contender.name);
          process.stderr.write(`\n${contender.name} did not survive ${cell.key}: ${obituary}\n`);
        }
      }
      for (const [contender, measured] of slices) {
        samples.push({ cell: first ? `first ${cell.key}` : cell.key, contender, round, figures: roundOf(measured) });
      }
      process.stderr.write('\n');
    }
  }
  return samples;
}

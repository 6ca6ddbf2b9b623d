#!/usr/bin/env node
/**
 * `make bench`: wormhole and its peers in one run, interleaved, several rounds, in a world of their own.
 *
 * Prepares outside (packages, compiler), then runs itself again inside fresh namespaces and measures there. Prints the
 * tables and writes them, with every sample, beside this file. Exit status: 0 measured (whatever the verdicts say),
 * 64 wrong usage, 70 not measured, 77 not root.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellsFor } from './cells.mjs';
import { choose, start } from './contenders.mjs';
import { describeMachine, describeVersions } from './machine.mjs';
import { measureOnDemand } from './on-demand/measure.mjs';
import { parseOptions, usage } from './options.mjs';
import { benchDir, buildDir, staticLoadProgram } from './paths.mjs';
import { compile, install } from './prepare.mjs';
import { toMarkdown } from './report.mjs';
import { allRounds } from './rounds.mjs';
import { measureStartup } from './startup.mjs';
import { judge } from './verdict.mjs';
import { inside, runInside, settle } from './world.mjs';

/** @param {import('./options.mjs').Options} options @param {string} dir for everything the programs write */
async function measure(options, dir) {
  const begun = performance.now();
  const machine = describeMachine();
  settle();
  const chosen = choose(options);
  if (!chosen.some(({ name }) => name === options.subject))
    throw new Error(`--subject ${options.subject} is not among the programs`);
  const { contenders, stop } = await start(chosen, dir);
  try {
    const samples = await allRounds(cellsFor(options), options.rounds, contenders, dir);
    const wanted = options.only.includes('start') && chosen.some(({ name }) => name === 'wormhole');
    const startup = wanted ? await measureStartup(options.pairs, dir) : undefined;
    const ours = chosen.some(({ name }) => name === 'wormhole');
    const onDemand =
      options.only.includes('demand') && ours
        ? await measureOnDemand(options.starts, dir, staticLoadProgram)
        : undefined;
    const bar = chosen.filter(({ name, reference }) => name !== options.subject && reference !== true);
    const judged = judge(
      samples,
      options.subject,
      bar.map(({ name }) => name),
    );
    const names = contenders.map(({ name }) => name);
    const references = chosen.filter(({ reference }) => reference === true).map(({ name }) => name);
    const minutes = (performance.now() - begun) / 60_000;
    const versions = describeVersions(names);
    publish({ machine, versions, options, contenders: names, references, judged, startup, onDemand, samples, minutes });
  } finally {
    await stop();
  }
}

/** @param {import('./report.mjs').Result} result */
function publish(result) {
  const text = toMarkdown(result);
  const folder = result.options.output ?? (result.options.partial ? buildDir : benchDir);
  writeFileSync(join(folder, 'RESULTS.md'), text);
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(result, null, 1)}\n`);
  console.log(text);
  console.error(`written to ${join(folder, 'RESULTS.md')} and results.json`);
}

/** @returns {Promise<number>} exit status */
async function main() {
  if (process.argv.includes('--help')) {
    console.log(usage);
    return 0;
  }
  /** @type {import('./options.mjs').Options} */
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
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
    if (dir !== undefined) {
      await measure(options, dir);
      return 0;
    }
    install();
    compile();
    return await runInside(process.argv.slice(1));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 70;
  }
}

process.exitCode = await main();

#!/usr/bin/env node
/**
 * `make bench`: wormhole and its peers in one run, interleaved, several rounds, in a world of their own.
 *
 * Prints the tables and writes them, with every sample, beside this file. Exit status as main.mjs has it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellsFor } from './cells.mjs';
import { choose, start } from './contenders.mjs';
import { describeMachine, describeVersions } from './machine.mjs';
import { runBenchmark } from './main.mjs';
import { measureOnDemand } from './on-demand/measure.mjs';
import { parseOptions, usage } from './options.mjs';
import { benchDir, buildDir, staticLoadProgram } from './paths.mjs';
import { toMarkdown } from './report.mjs';
import { allRounds } from './rounds.mjs';
import { measureStartup } from './startup.mjs';
import { judge } from './verdict.mjs';

/** @param {import('./options.mjs').Options} options @param {string} dir for everything the programs write */
async function measure(options, dir) {
  const begun = performance.now();
  const machine = describeMachine();
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
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'RESULTS.md'), text);
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(result, null, 1)}\n`);
  console.log(text);
  console.error(`written to ${join(folder, 'RESULTS.md')} and results.json`);
}

process.exitCode = await runBenchmark({ usage, readOptions: parseOptions, measure });

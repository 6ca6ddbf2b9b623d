#!/usr/bin/env node
/**
 * `make bench-peers`: wormhole and what else carries connections between two hosts, encrypted, in one run, interleaved.
 *
 * Two network namespaces stand for the hosts. Exit status as ../main.mjs has it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, describeVersions } from '../machine.mjs';
import { runBenchmark } from '../main.mjs';
import { benchDir, buildDir } from '../paths.mjs';
import { mainTable } from '../report.mjs';
import { allRounds } from '../rounds.mjs';
import { judge } from '../verdict.mjs';
import { cellsFor, groups, rows } from './cells.mjs';
import { choose, start } from './contenders.mjs';
import { packages, pairs } from './pairs.mjs';

const usage = `usage: bench/peers/run.mjs [options]

  --quick        one short round: a look, not a result
  --rounds N     rounds (3)
  --seconds S    seconds per measurement (2)
  --only LIST    of ${groups.join(',')}
  --peers LIST   of ${pairs.map(({ name }) => name).join(',')},wormhole,'wormhole quic','wormhole forward'
  --output DIR   where RESULTS.md and results.json go (bench/peers/ for a whole run, bench/.build/ for a partial one)
`;

/** @typedef {ReturnType<typeof readOptions>} Options */

/** @param {readonly string[]} argv @throws {TypeError} for words it does not know */
function readOptions(argv) {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    args: [...argv],
    options: { quick: { type: 'boolean' }, rounds: text, seconds: text, only: text, peers: text, output: text },
  });
  const number = (/** @type {'rounds' | 'seconds'} */ name, /** @type {number} */ otherwise) => {
    const value = Number(values[name] ?? otherwise);
    if (!(value > 0 && Number.isFinite(value))) throw new TypeError(`--${name} ${values[name]}: not a positive number`);
    return value;
  };
  const only = values.only?.split(',') ?? [...groups];
  const unknown = only.find((word) => !groups.some((group) => group === word));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: not one of ${groups.join(', ')}`);
  const quick = values.quick === true;
  return {
    rounds: Math.ceil(number('rounds', quick ? 1 : 3)),
    seconds: number('seconds', quick ? 0.5 : 2),
    only,
    peers: values.peers?.split(','),
    subject: 'wormhole',
    partial: quick || [values.rounds, values.seconds, values.only, values.peers].some((value) => value !== undefined),
    output: values.output,
  };
}

/** @param {Options} options @param {string} dir for everything the programs write */
async function measure(options, dir) {
  const machine = describeMachine();
  const { contenders, stop } = await start(choose(options.peers), dir);
  try {
    const samples = await allRounds(cellsFor(options), options.rounds, contenders, dir);
    const names = contenders.map(({ name }) => name);
    const bar = names.filter((name) => !name.startsWith(options.subject) && name !== 'direct');
    const judged = judge(samples, options.subject, bar, rows);
    publish({ machine, versions: describeVersions(names), options, contenders: names, judged, samples });
  } finally {
    await stop();
  }
}

/** @param {{ machine: import('../machine.mjs').Machine, versions: Record<string, string>, options: Options, contenders: string[],
 *   judged: import('../verdict.mjs').Judged[], samples: import('../verdict.mjs').Sample[] }} result */
function publish(result) {
  const { machine, versions, options, judged, contenders } = result;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const text = `${[
    '# Between two hosts',
    `Written by \`make bench-peers\`${options.partial ? ' (a partial run: a look, not a result)' : ''}. Medians of ${options.rounds} rounds, ` +
      `${options.seconds} s per measurement in slices that the programs take in turn. Two network namespaces, a cable between them, all on one machine: ` +
      'both ends of every program share its cores.',
    `* ${machine.date} UTC · ${machine.system} · kernel ${machine.kernel} · ${machine.cores} × ${machine.cpu} · ${machine.memoryGb} GB\n` +
      `* load average before the run: ${machine.load.join(' ')}\n* ${programs.join(' · ')}`,
    mainTable({ judged, contenders, subject: options.subject }),
    [
      '* direct: from the target’s own host, nothing in between; never a peer. Ratios are those of medians, to the best peer of that row.',
      '* Before the first round each program is under each test for half a second, which counts in the row that says so and in no other.',
      '* TLS 1.3 with AES-128-GCM (stunnel, haproxy, socat, each with a certificate that is checked), aes128-gcm (ssh). socat udp is in clear.',
      '* bulk: the target sends, the client discards in the kernel. connect: connect, 64-byte request and answer, FIN.',
      '* CPU: both halves. Memory: the growth of both halves’ proportional set size, after 2 s and within the next 2 s.',
    ].join('\n'),
  ].join('\n\n')}\n`;
  const folder = options.output ?? (options.partial ? buildDir : join(benchDir, 'peers'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, options.partial ? 'PEERS.md' : 'RESULTS.md'), text);
  writeFileSync(join(folder, options.partial ? 'peers.json' : 'results.json'), `${JSON.stringify(result, null, 1)}\n`);
  console.log(text);
}

process.exitCode = await runBenchmark({ usage, readOptions, packages, measure });

#!/usr/bin/env node
/**
 * `make bench-tunnel`: tunnels of wormhole against ones made by hand between the same two hosts, what it takes to set one up, and
 * what many cost. By the kernel's WireGuard where it has one, else by wireguard-go. Exit status as ../main.mjs has it.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describeMachine, describeVersions } from '../machine.mjs';
import { runBenchmark } from '../main.mjs';
import { benchDir, buildDir } from '../paths.mjs';
import { iperf } from '../peers/iperf.mjs';
import { figure, table } from '../report.mjs';
import { median } from '../verdict.mjs';
import { bulk, many, setUp } from './cells.mjs';

const groups = ['bulk', 'set-up', 'many'];
const usage = `usage: bench/tunnel/run.mjs [options]

  --quick        one short round: a look, not a result
  --rounds N     rounds (3)
  --seconds S    seconds per measurement of bytes (5)
  --mbit N       rate of the path, below what the processor can encrypt (40)
  --tunnels N    of the measurement of many (100)
  --only LIST    of ${groups.join(',')}
`;

/** @typedef {ReturnType<typeof readOptions>} Options */

/** @param {readonly string[]} argv @throws {TypeError} for words it does not know */
function readOptions(argv) {
  const text = /** @type {const} */ ({ type: 'string' });
  const options = /** @type {const} */ ({ rounds: text, seconds: text, mbit: text, tunnels: text, only: text });
  const { values } = parseArgs({ args: [...argv], options: { ...options, quick: { type: 'boolean' } } });
  const number = (/** @type {'rounds' | 'seconds' | 'mbit' | 'tunnels'} */ name, /** @type {number} */ otherwise) => {
    const value = Number(values[name] ?? otherwise);
    if (!(value >= 1 && Number.isFinite(value)))
      throw new TypeError(`--${name} ${values[name]}: not a number from 1 on`);
    return value;
  };
  const only = values.only?.split(',') ?? groups;
  const unknown = only.find((word) => !groups.includes(word));
  if (unknown !== undefined) throw new TypeError(`--only ${unknown}: not one of ${groups.join(', ')}`);
  const quick = values.quick === true;
  return {
    rounds: Math.ceil(number('rounds', quick ? 1 : 3)),
    seconds: number('seconds', quick ? 2 : 5),
    mbit: number('mbit', 40),
    tunnels: Math.ceil(number('tunnels', quick ? 20 : 100)),
    only,
    partial: quick || Object.keys(options).some((name) => name in values),
  };
}

/** @param {Options} options @param {string} dir for everything the programs write */
async function measure(options, dir) {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
  const machine = describeMachine();
  const kernel = spawnSync('ip', ['link', 'add', 'wgprobe', 'type', 'wireguard']).status === 0;
  if (kernel) spawnSync('ip', ['link', 'delete', 'wgprobe']);
  const all = { ...options, kernel };
  const { only, rounds } = options;
  const found = {
    bulk: only.includes('bulk') ? await bulk(all, dir, rounds) : [],
    setUp: only.includes('set-up') ? await setUp(dir, rounds) : [],
    many: only.includes('many') ? await many(all) : [],
  };
  publish(all, machine, found);
}

/** @typedef {import('./cells.mjs').Figures} Figures */

/** @param {Options & { kernel: boolean }} options @param {import('../machine.mjs').Machine} machine @param {{ bulk: Figures[], setUp: Figures[], many: Figures[] }} found */
function publish(options, machine, found) {
  const { rounds, seconds, mbit, tunnels, partial, kernel } = options;
  const of = (/** @type {Figures[]} */ samples, /** @type {string} */ name) =>
    median(samples.map((one) => one[name] ?? Number.NaN));
  const judge = (/** @type {boolean} */ reached) => (reached ? 'PASS' : 'SHORT');
  const ratio = of(found.bulk, 'wormhole') / of(found.bulk, 'byHand');
  const { trips, again10, first10 } = Object.fromEntries(
    ['trips', 'again10', 'first10'].map((name) => [name, of(found.setUp, name)]),
  );
  const value = (/** @type {string} */ name) => of(found.many, name);
  const growth = value('lastMs') / value('firstMs');
  const listed = value('lastList') / value('firstList');
  /** @type {string[][]} */
  const rows = [
    ...(found.bulk.length === 0
      ? []
      : [
          ['bulk, made by hand: Mbit/s', figure(of(found.bulk, 'byHand'), 1), '', ''],
          ['bulk, `create url … tunnel`: Mbit/s', figure(of(found.bulk, 'wormhole'), 1), '', ''],
          ['the latter : the former', figure(ratio, 3), '≥ 0.95', judge(ratio >= 0.95)],
        ]),
    ...(found.setUp.length === 0
      ? []
      : [
          ['set-up over 20 ms, linked: ms', figure(again10, 0), '≤ 150', judge((again10 ?? 0) <= 150)],
          ['set-up, linked: round trips', figure(trips, 1), '≤ 4', judge((trips ?? 0) < 4.5)],
          ['the first one of two daemons, over 20 ms, with its link: ms', figure(first10, 0), '', ''],
        ]),
    ...(found.many.length === 0
      ? []
      : [
          [`install, of the last tenth of ${tunnels}: ms each`, figure(value('lastMs'), 1), '', ''],
          ['the same : the first tenth', figure(growth, 2), '', ''],
          [`look at all ${tunnels}: ms each`, figure(value('lastList'), 2), '', ''],
          ['the same : a tenth of them', figure(listed, 2), '≤ 2', judge(listed <= 2)],
          ['memory: KiB each', figure(value('kibEach'), 1), '≤ 100', judge(value('kibEach') <= 100)],
          ['processes beside: KiB in all', figure(value('besideKib'), 0), '', ''],
        ]),
  ];
  const versions = Object.entries(describeVersions(['wormhole'])).map(([name, version]) => `${name} ${version}`);
  const text = `${[
    '# Tunnels',
    `Written by \`make bench-tunnel\`${partial ? ' (a partial run: a look, not a result)' : ''}. By ${kernel ? "the kernel's WireGuard" : 'wireguard-go'}. ` +
      `Medians of ${rounds} rounds, ${seconds} s of bytes each. Two network namespaces on one machine stand for the hosts.`,
    `* ${machine.date} UTC · ${machine.system} · kernel ${machine.kernel} · ${machine.cores} × ${machine.cpu} · ${machine.memoryGb} GB\n` +
      `* load average before the run: ${machine.load.join(' ')}\n* ${versions.join(' · ')}`,
    table(['', 'value', 'must', ''], rows),
    [
      `* bulk: iperf3 from the far host to the near one, over a path of ${mbit} Mbit/s, in turns; by hand: \`wg\` and \`ip\` between the same hosts.`,
      '* set-up: one call of `POST /v1/tunnels`. Round trips: what the quickest of five takes longer when each takes 200 ms longer, by 200 ms.',
      '* many: parts in the kernel, one interface, one process; memory is that of JavaScript after a collection.',
    ].join('\n'),
  ].join('\n\n')}\n`;
  const file = partial ? join(buildDir, 'TUNNEL.md') : join(benchDir, 'tunnel', 'RESULTS.md');
  writeFileSync(file, text);
  console.log(text);
}

const packages = [
  { file: iperf, name: 'iperf3' },
  { file: '/usr/bin/wireguard-go', name: 'wireguard-go' },
  { file: '/usr/bin/wg', name: 'wireguard-tools' },
];
process.exitCode = await runBenchmark({ usage, readOptions, packages, measure });

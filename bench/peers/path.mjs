#!/usr/bin/env node
/**
 * How much of a long path wormhole makes use of: iperf3 over a path that takes time, and through wormhole over the same path,
 * in turns. `node bench/peers/path.mjs` after `make`; not part of `make bench-peers`.
 *
 * On an unlimited path the processor is what ends it, which both halves share with everything else here; a limited one shows
 * whether windows follow the path. Exit status as ../main.mjs has it.
 */
import { parseArgs } from 'node:util';
import { folder } from '../contenders.mjs';
import { runBenchmark } from '../main.mjs';
import { median } from '../verdict.mjs';
import { far, startFarHost } from './far-host.mjs';
import { iperf, measured } from './iperf.mjs';
import { wormholePair } from './wormhole.mjs';

const usage = `usage: bench/peers/path.mjs [options]

  --delay MS     of one way (25)
  --mbit LIST    rates of the path in turns; 0 = unlimited (100,300,0)
  --rounds N     (3)
  --seconds S    per measurement (8), after --omit S (2) in which windows grow
`;

/** Ports of the far host, and the near end of the wormhole. */
const ports = { direct: 5201, target: 5202, near: 5203 };

/** @param {readonly string[]} argv @throws {TypeError} */
function readOptions(argv) {
  const string = /** @type {const} */ ({ type: 'string' });
  const names = { delay: string, mbit: string, rounds: string, seconds: string, omit: string };
  const { values } = parseArgs({ args: [...argv], options: names });
  const number = (/** @type {string | undefined} */ word, /** @type {number} */ otherwise) => {
    const value = Number(word ?? otherwise);
    if (!(value >= 0 && Number.isFinite(value))) throw new TypeError(`${word}: not a number`);
    return value;
  };
  return {
    delayMs: number(values.delay, 25),
    rates: (values.mbit ?? '100,300,0').split(',').map((word) => number(word, 0)),
    rounds: Math.max(1, Math.ceil(number(values.rounds, 3))),
    seconds: Math.max(1, number(values.seconds, 8)),
    omit: number(values.omit, 2),
  };
}

/** @param {ReturnType<typeof readOptions>} options @param {number} mbit @param {string} dir */
async function overPath(options, mbit, dir) {
  const host = await startFarHost(dir, { delayMs: options.delayMs, mbit: mbit > 0 ? mbit : undefined });
  /** @type {(() => Promise<void>)[]} */
  const undo = [host.stop];
  try {
    const link = { protocol: /** @type {const} */ ('tcp'), listen: ports.near, carried: 0, target: ports.target };
    const running = await wormholePair.start([link], dir, host.prefix);
    undo.push(running.stop);
    /** @type {Record<string, import('./iperf.mjs').Way>} */
    const ways = {
      iperf3: { serves: [far, ports.direct], dials: ['-c', far, '-p', String(ports.direct)] },
      wormhole: { serves: ['127.0.0.1', ports.target], dials: ['-c', '127.0.0.1', '-p', String(ports.near)] },
    };
    for (const down of [false, true]) {
      /** @type {Record<string, number[]>} */
      const got = { iperf3: [], wormhole: [] };
      for (let round = 0; round < options.rounds; round += 1) {
        for (const [name, way] of Object.entries(ways)) {
          got[name]?.push(await measured(way, down, { ...options, dir, prefix: host.prefix }));
        }
      }
      const [bare, through] = [median(got['iperf3'] ?? []), median(got['wormhole'] ?? [])];
      const rate = mbit > 0 ? `${mbit} Mbit/s` : 'unlimited';
      const title = `${2 * options.delayMs} ms, ${rate}, ${down ? 'far → near' : 'near → far'}`;
      const all = Object.values(got)
        .map((list) => list.map((one) => one.toFixed(0)).join(' '))
        .join(' | ');
      console.log(
        `${title.padEnd(40)}${bare.toFixed(0).padStart(7)}${through.toFixed(0).padStart(9)}  ${(through / bare).toFixed(3)}  (${all})`,
      );
      const obituary = running.obituary();
      if (obituary !== undefined) throw new Error(obituary);
    }
  } finally {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  }
}

/** @param {ReturnType<typeof readOptions>} options @param {string} dir */
async function measure(options, dir) {
  console.log(`${'Mbit/s that arrive, medians'.padEnd(40)} iperf3 wormhole  ratio  (all rounds)`);
  for (const [i, mbit] of options.rates.entries()) await overPath(options, mbit, folder(dir, `path${i}`));
}

process.exitCode = await runBenchmark({ usage, readOptions, packages: [{ file: iperf, name: 'iperf3' }], measure });

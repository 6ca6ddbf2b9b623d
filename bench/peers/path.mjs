#!/usr/bin/env node
/**
 * How much of a long path wormhole makes use of: iperf3 over a path that takes time, and through wormhole over the same path,
 * in turns. `node bench/peers/path.mjs` after `make`; not part of `make bench-peers`.
 *
 * On an unlimited path the processor is what ends it, which both halves share with everything else here; a limited one shows
 * whether windows follow the path. Exit status as ../main.mjs has it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { folder } from '../contenders.mjs';
import { runBenchmark } from '../main.mjs';
import { Program } from '../program.mjs';
import { far, startFarHost } from './far-host.mjs';
import { wormholePair } from './wormhole.mjs';

const usage = `usage: bench/peers/path.mjs [options]

  --delay MS     of one way (25)
  --mbit LIST    rates of the path in turns; 0 = unlimited (100,300,0)
  --rounds N     (3)
  --seconds S    per measurement (8), after --omit S (2) in which windows grow
`;

const iperf = '/usr/bin/iperf3';
/** Ports of the far host, and the near end of the wormhole. */
const ports = { direct: 5201, target: 5202, near: 5203 };

/** @typedef {{ serves: readonly [address: string, port: number], dials: readonly string[] }} Way */

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

/**
 * A server of its own for each: one that is not done with the last client turns the next one away.
 *
 * @param {Way} way @param {boolean} down the far host sends
 * @param {{ seconds: number, omit: number, dir: string, prefix: readonly string[] }} options
 * @returns {Promise<number>} Mbit/s that arrived
 */
async function measured({ serves: [address, port], dials }, down, { seconds, omit, dir, prefix }) {
  const serving = [iperf, '-s', '-1', '-B', address, '-p', String(port)];
  const server = new Program([...prefix, ...serving], { log: join(dir, 'iperf.log') });
  try {
    await server.listens('tcp', [port]);
    const words = ['--json', '-t', String(seconds), '-O', String(omit), ...dials, ...(down ? ['-R'] : [])];
    const client = spawn(iperf, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const answer = JSON.parse(await text(client.stdout));
    if (answer.error !== undefined) throw new Error(`iperf3 ${words.join(' ')}: ${answer.error}`);
    return answer.end.sum_received.bits_per_second / 1e6;
  } finally {
    await server.stop();
  }
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
    /** @type {Record<string, Way>} */
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
      const [bare, through] = [median(got['iperf3']), median(got['wormhole'])];
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

/** @param {readonly number[]} values */
const median = (values = []) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** @param {ReturnType<typeof readOptions>} options @param {string} dir */
async function measure(options, dir) {
  console.log(`${'Mbit/s that arrive, medians'.padEnd(40)} iperf3 wormhole  ratio  (all rounds)`);
  for (const [i, mbit] of options.rates.entries()) await overPath(options, mbit, folder(dir, `path${i}`));
}

process.exitCode = await runBenchmark({ usage, readOptions, packages: [{ file: iperf, name: 'iperf3' }], measure });

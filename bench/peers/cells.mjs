/**
 * The tests between hosts: what is done to a contender, and what must be reached.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bulk, load, spawnLoad } from '../cells.mjs';
import { loadProgram } from '../paths.mjs';
import { residentMemory } from '../procfs.mjs';
import { slicesOf } from '../slices.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {import('../cells.mjs').Cell} Cell */
/** @typedef {import('../verdict.mjs').Row} Row */

/** Tests that `--only` can name. */
export const groups = /** @type {const} */ (['bulk', 'rr', 'crr', 'udp', 'stall']);

/** Bytes of a ping-pong's and a request's message. */
const messageBytes = 64;
/** Client addresses of the UDP tests, and datagrams each keeps on the way. */
const flows = 16;
const window = 4;
/** Connections whose client reads nothing, and how long until buffers are full, and then once more. */
const stalled = 8;
const fillMs = 2_000;

/** @param {{ seconds: number, only: readonly string[] }} options @returns {Cell[]} in the order they are run */
export function cellsFor({ seconds: whole, only }) {
  const { count: slices, seconds } = slicesOf(whole);
  const tcp = (/** @type {unknown} */ contender) => /** @type {Contender} */ (contender).tcp;
  const udp = (/** @type {unknown} */ contender) => /** @type {Contender} */ (contender).udp;
  const cells = [
    { key: 'bulk1', group: 'bulk', fits: tcp, slices, measure: bulk(1, seconds) },
    { key: 'bulk8', group: 'bulk', fits: tcp, slices, measure: bulk(8, seconds) },
    { key: 'rr1', group: 'rr', fits: tcp, slices, measure: load('echo', 'rr', [1, seconds, messageBytes]) },
    { key: 'crr32', group: 'crr', fits: tcp, slices, measure: load('echo', 'crr', [32, seconds, messageBytes, 'fin']) },
    ...[64, 1200].map((bytes) => ({
      key: `udp${bytes}`,
      group: 'udp',
      fits: udp,
      slices,
      measure: load('udp', 'udp', [flows, window, bytes, seconds]),
    })),
    { key: 'stall', group: 'stall', fits: proxied, slices: 1, measure: stall },
  ];
  return /** @type {Cell[]} */ (cells.filter(({ group }) => only.includes(group)));
}

/** @param {unknown} contender */
function proxied(contender) {
  const { tcp, roots } = /** @type {Contender} */ (contender);
  return tcp && roots.length > 0;
}

/** Memory that readers who read nothing cost: first what fills up, then whether it ends there. @type {Cell['measure']} */
async function stall({ ports, roots }) {
  const before = residentMemory(roots).pssKib;
  const holding = spawnLoad([loadProgram, 'idle', ports.source, stalled]);
  const { connections = 0, errors = 0 } = await holding.figures;
  await sleep(fillMs);
  const full = residentMemory(roots).pssKib;
  await sleep(fillMs);
  const later = residentMemory(roots).pssKib;
  holding.release();
  return { fullMb: (full - before) / 1024, furtherMb: (later - full) / 1024, errors: errors + stalled - connections };
}

/** @type {readonly Row[]} */
export const rows = [
  { cell: 'first bulk1', field: 'gbits', title: 'bulk, 1 stream, the first half second: Gbit/s', digits: 2 },
  ...[1, 8].flatMap((n) => throughput(n)),
  { cell: 'rr1', field: 'p50us', title: 'ping-pong, 64 B: p50 µs', digits: 0, better: 'less', need: 1.3 },
  { cell: 'rr1', field: 'p99us', title: 'ping-pong, 64 B: p99 µs', digits: 0, better: 'less' },
  { cell: 'rr1', field: 'errors', title: 'ping-pong: errors', digits: 0 },
  { cell: 'crr32', field: 'rate', title: 'connect, 32 at once: per second', digits: 0, better: 'more', need: 3 },
  { cell: 'crr32', field: 'p50us', title: 'connect, 32 at once: p50 µs', digits: 0, better: 'less' },
  { cell: 'crr32', field: 'errors', title: 'connect: errors', digits: 0 },
  ...[64, 1200].flatMap((bytes) => datagrams(bytes)),
  { cell: 'stall', field: 'fullMb', title: '8 stalled readers: MB', digits: 1 },
  {
    cell: 'stall',
    field: 'furtherMb',
    title: '8 stalled readers, later: more MB',
    digits: 1,
    limit: 2,
  },
];

/** @param {number} n @returns {Row[]} */
function throughput(n) {
  const title = `bulk, ${n} stream${n === 1 ? '' : 's'}`;
  return [
    { cell: `bulk${n}`, field: 'gbits', title: `${title}: Gbit/s`, digits: 2, better: 'more', need: 0.8 },
    { cell: `bulk${n}`, field: 'cpuPerGb', title: `${title}: CPU s per GB`, digits: 3, better: 'less' },
    { cell: `bulk${n}`, field: 'errors', title: `${title}: errors`, digits: 0 },
  ];
}

/** @param {number} bytes @returns {Row[]} */
function datagrams(bytes) {
  const cell = `udp${bytes}`;
  const title = `UDP ${bytes === 1200 ? '1,200' : bytes} B`;
  return [
    { cell, field: 'rate', title: `${title}: per second`, digits: 0, better: 'more', need: 0.8 },
    { cell, field: 'p50us', title: `${title}: p50 µs`, digits: 0, better: 'less' },
    { cell, field: 'lossPercent', title: `${title}: loss %`, digits: 3 },
  ];
}

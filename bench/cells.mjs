/**
 * The tests: each cell is one measurement of one contender, the load generator's figures and what they cost the proxy.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { folder } from './contenders.mjs';
import { loadProgram } from './paths.mjs';
import { cpuSeconds, residentMemory } from './procfs.mjs';
import { slicesOf } from './slices.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {import('./options.mjs').Options} Options */
/** @typedef {Record<string, number>} Figures */
/**
 * @typedef {object} Cell
 * @property {string} key
 * @property {import('./options.mjs').Group} group
 * @property {(contender: Contender) => boolean} fits
 * @property {number} slices that a round's measurement is cut into, see slices.mjs
 * @property {(contender: Contender, round: number, dir: string) => Promise<Figures>} measure one slice
 */

/** Bytes of a ping-pong's and a request's message. */
const messageBytes = 64;
/** Client addresses of the UDP tests, and datagrams each keeps on the way: together well within a socket's buffer. */
const flows = 16;
const window = 4;
/** Milliseconds after the last idle connection before memory is read: whatever settles has settled. */
const settleMs = 500;

/** @param {Options} options @returns {Cell[]} in the order they are run */
export function cellsFor({ seconds: whole, udpRate, idle, close, only }) {
  const { count: slices, seconds } = slicesOf(whole);
  const paced = slicesOf(Math.min(whole, 1));
  const core = (/** @type {Contender} */ { peer }) => peer?.only === undefined;
  const stream = (/** @type {number} */ connections) => load('echo', 'rr', [connections, seconds, messageBytes]);
  /** @type {Cell[]} */
  const cells = [
    { key: 'bulk1', group: 'bulk', fits: () => true, slices, measure: bulk(1, seconds) },
    { key: 'bulk16', group: 'bulk', fits: () => true, slices, measure: bulk(16, seconds) },
    { key: 'rr1', group: 'rr', fits: core, slices, measure: stream(1) },
    { key: 'rr64', group: 'rr', fits: core, slices, measure: stream(64) },
    { key: 'rr1000', group: 'rr', fits: core, slices, measure: stream(1000) },
    {
      key: 'crr32',
      group: 'crr',
      fits: core,
      slices,
      measure: load('echo', 'crr', [32, seconds, messageBytes, close]),
    },
    ...[64, 1200].flatMap((bytes) => [
      datagrams(`udp${bytes}`, 'udp', slices, [flows, window, bytes, seconds]),
      datagrams(`paced${bytes}`, 'paced', paced.count, [flows, udpRate, bytes, paced.seconds]),
    ]),
    {
      key: 'idle',
      group: 'idle',
      fits: (contender) => contender.spare !== undefined && core(contender),
      slices: 1,
      measure: (contender, round, dir) => idleMemory(contender, idle, folder(dir, `${contender.name}-idle-${round}`)),
    },
  ];
  return cells.filter(({ group }) => only.includes(group));
}

/** @param {string} key @param {string} mode @param {number} slices @param {readonly (string | number)[]} words @returns {Cell} */
function datagrams(key, mode, slices, words) {
  const fits = (/** @type {Contender} */ contender) => contender.udp && contender.peer?.only === undefined;
  return { key, group: 'udp', fits, slices, measure: load('udp', mode, words) };
}

/** @param {keyof import('./contenders.mjs').Ports} port @param {string} mode @param {readonly (string | number)[]} words */
export function load(port, mode, words) {
  return (/** @type {Contender} */ { prefix, ports }) => run([...prefix, loadProgram, mode, ports[port], ...words]);
}

/** @param {number} streams @param {number} seconds @returns {Cell['measure']} adds the proxy's CPU seconds */
export function bulk(streams, seconds) {
  const receive = load('source', 'bulk', [streams, seconds]);
  return async (contender) => {
    const before = cpuSeconds(contender.roots);
    const figures = await receive(contender);
    if (contender.roots.length === 0) return figures;
    // A proxy that has not yet seen the streams' end may still be at work for what is in its buffers.
    await sleep(100);
    return { ...figures, cpu: cpuSeconds(contender.roots) - before };
  };
}

/**
 * Starts a fresh proxy, reads its memory, opens idle connections through it and reads again: one that has been under
 * load keeps buffers that new connections then take, and would look cheaper than it is.
 *
 * @param {Contender} contender @param {number} connections @param {string} dir
 * @returns {Promise<Figures>}
 */
async function idleMemory({ peer, spare }, connections, dir) {
  if (peer === undefined || spare === undefined) throw new Error('a direct connection has no memory to measure');
  const running = await peer.start([spare], dir);
  try {
    // The first connection starts what is started on demand; it belongs to the program, not to a connection.
    await run([loadProgram, 'rr', spare.listen, 1, 0.1, messageBytes]);
    await sleep(settleMs);
    const before = residentMemory(running.roots);
    const holding = spawnLoad([loadProgram, 'idle', spare.listen, Math.min(connections, peer.idleLimit)]);
    const opened = await holding.figures;
    await sleep(settleMs);
    const after = residentMemory(running.roots);
    holding.release();
    return {
      ...opened,
      rssBeforeMb: before.rssKib / 1024,
      rssMb: after.rssKib / 1024,
      pssMb: after.pssKib / 1024,
      kibPerConnection: (after.pssKib - before.pssKib) / Math.max(1, opened['connections'] ?? 0),
    };
  } finally {
    await running.stop();
  }
}

/** @param {readonly (string | number)[]} argv @returns {Promise<Figures>} */
async function run(argv) {
  const program = spawnLoad(argv);
  program.release();
  return program.figures;
}

/**
 * Starts the load generator. Its figures are its first line of output; `release` ends its standard input, which is
 * what a holder of idle connections waits for.
 *
 * @param {readonly (string | number)[]} argv
 */
export function spawnLoad(argv) {
  const [file = '', ...words] = argv.map(String);
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const figures = new Promise((/** @type {(figures: Figures) => void} */ resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${argv.join(' ')} ended with ${code} and no figures`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
  return { figures, release: () => child.stdin.end() };
}

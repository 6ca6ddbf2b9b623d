/**
 * What is measured of tunnels: bytes through one, the time to set one up, and what many of them cost.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { folder } from '../contenders.mjs';
import { startDaemons } from '../peers/daemons.mjs';
import { far, run, startFarHost } from '../peers/far-host.mjs';
import { measured } from '../peers/iperf.mjs';
import { processTree, residentMemory } from '../procfs.mjs';
import { median } from '../verdict.mjs';
import { cliWords, socketOf } from '../wormhole.mjs';
import { insideFar, makeByHand } from './by-hand.mjs';

/** Ports: of the carriers, of the target in the far host, and of the wormhole's head. */
const ports = { carrier: 9999, byHand: 5201, target: 5202, head: 5203 };
/** Milliseconds of one way; the difference of the two tells how many round trips there are. */
const delays = /** @type {const} */ ([10, 110]);

/** @typedef {Record<string, number>} Figures */
/** @typedef {{ seconds: number, mbit: number, tunnels: number, kernel: boolean }} Options */

/** Mbit/s through a wormhole's tunnel and through one that was made by hand, in turns. @param {Options} options @param {string} dir @param {number} rounds */
export async function bulk({ seconds, mbit, kernel }, dir, rounds) {
  const at = folder(dir, 'bulk');
  const host = await startFarHost(at, { mbit });
  /** @type {(() => Promise<void>)[]} */
  const undo = [host.stop];
  try {
    undo.push(await makeByHand(at, host.prefix, kernel));
    const { sides, running } = await startDaemons(at, host.prefix, ports.carrier);
    undo.push(running.stop);
    const words = ['id', 'bulk', 'url', `:${ports.head}`, 'tunnel', 'far', 'tail', 'url', `127.0.0.1:${ports.target}`];
    run(cliWords(sides.near, ['create', ...words]));
    undo.push(async () => void run(cliWords(sides.near, ['tunnel-delete', 'far'])));
    undo.push(async () => void run(cliWords(sides.near, ['delete', 'bulk'])));
    /** @type {Record<'byHand' | 'wormhole', import('../peers/iperf.mjs').Way>} */
    const ways = {
      byHand: { serves: [insideFar, ports.byHand], dials: ['-c', insideFar, '-p', `${ports.byHand}`] },
      wormhole: { serves: ['127.0.0.1', ports.target], dials: ['-c', '127.0.0.1', '-p', `${ports.head}`] },
    };
    /** @type {Figures[]} */
    const samples = [];
    for (let round = 0; round < rounds; round += 1) {
      /** @type {Figures} */
      const figures = {};
      for (const name of /** @type {const} */ (round % 2 === 0 ? ['byHand', 'wormhole'] : ['wormhole', 'byHand'])) {
        figures[name] = await measured(ways[name], true, { seconds, omit: 1, dir: at, prefix: host.prefix });
      }
      samples.push(figures);
    }
    return samples;
  } finally {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  }
}

/** Milliseconds to set one up, the first with daemons that have no link yet. @param {string} dir @param {number} rounds */
export async function setUp(dir, rounds) {
  /** @type {Figures[]} */
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    /** @type {Figures} */
    const figures = {};
    for (const delayMs of delays) {
      const at = folder(dir, `set-up-${round}-${delayMs}`);
      const host = await startFarHost(at, { delayMs });
      const { sides, running } = await startDaemons(at, host.prefix, ports.carrier);
      try {
        figures[`first${delayMs}`] = await createOnce(sides.near);
        const again = [];
        for (let i = 0; i < 5; i += 1) again.push(await createOnce(sides.near));
        figures[`again${delayMs}`] = again.sort((a, b) => a - b)[2] ?? Number.NaN;
        // Others at work add time, never a round trip.
        figures[`least${delayMs}`] = again[0] ?? Number.NaN;
      } finally {
        await running.stop();
        await host.stop();
      }
    }
    const [short, long] = delays.map((delayMs) => figures[`least${delayMs}`] ?? Number.NaN);
    figures['trips'] = ((long ?? 0) - (short ?? 0)) / (2 * (delays[1] - delays[0]));
    samples.push(figures);
  }
  return samples;
}

/** A tunnel is made and removed, the link stays. @param {string} near folder of the daemon @returns {Promise<number>} milliseconds of the call that made it */
async function createOnce(near) {
  const begun = performance.now();
  const made = await ask(near, 'POST', '/v1/tunnels', { peer: 'far', type: 'wireguard' });
  const took = performance.now() - begun;
  if (made.state !== 'complete') throw new Error(`no tunnel to ${far}: ${JSON.stringify(made)}`);
  await ask(near, 'DELETE', '/v1/tunnels?peer=far');
  return took;
}

/** @param {string} near @param {string} method @param {string} path @param {object} [json] @returns {Promise<{ state?: string }>} */
function ask(near, method, path, json) {
  return new Promise((resolve, reject) => {
    const headers = json === undefined ? {} : { 'content-type': 'application/json' };
    const call = request({ socketPath: socketOf(near), method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve(JSON.parse(text === '' ? '{}' : text)));
    });
    call.on('error', reject);
    call.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

/**
 * Many tunnels on one interface, by the same code in this process: milliseconds for each of the first and of the last tenth, for the whole list
 * when a tenth is there and when all are, and memory of this process for each.
 *
 * @param {Options} options
 */
export async function many({ tunnels, kernel }) {
  const [{ KernelTunnels }, { makeWireguardKeys }] = await Promise.all([
    import('../../dist/tunnel/kernel.js'),
    import('../../dist/daemon/tunnels/own-half.js'),
  ]);
  const all = new KernelTunnels();
  const own = makeWireguardKeys();
  const tenth = Math.max(1, Math.floor(tunnels / 10));
  const common = {
    kind: 'wireguard',
    engine: kernel ? 'kernel' : 'go',
    name: `whm${randomBytes(4).toString('hex')}`,
    listenPort: 4_999,
  };
  /** @type {import('../../src/tunnel/half.ts').InstalledHalf[]} */
  const installed = [];
  const times = [];
  /** The median of some. */
  const list = async () => {
    const took = [];
    for (let i = 0; i < 5; i += 1) {
      const begun = performance.now();
      await Promise.all(installed.map(async (half) => [await half.missing(), await half.stats()]));
      took.push(performance.now() - begun);
    }
    return median(took);
  };
  let firstList = 0;
  let before = 0;
  try {
    for (let i = 0; i < tunnels; i += 1) {
      const overlay = { local: address(2 * i), remote: address(2 * i + 1) };
      const peer = { publicKey: makeWireguardKeys().publicKey };
      const begun = performance.now();
      installed.push(await all.install(/** @type {any} */ ({ ...common, privateKey: own.privateKey, overlay, peer })));
      times.push(performance.now() - begun);
      if (i + 1 !== tenth) continue;
      firstList = (await list()) / tenth;
      before = await heap();
    }
    const lastList = (await list()) / tunnels;
    const kibEach = ((await heap()) - before) / 1024 / Math.max(1, tunnels - tenth);
    const [first, last] = [times.slice(1, tenth + 1), times.slice(-tenth)].map(
      (some) => some.reduce((sum, one) => sum + one, 0) / some.length,
    );
    const beside = kernel ? 0 : residentMemory(processTree([process.pid]).slice(1)).pssKib;
    return [{ firstMs: first ?? 0, lastMs: last ?? 0, firstList, lastList, kibEach, besideKib: beside }];
  } finally {
    for (const half of installed.reverse()) await half.remove();
    all[Symbol.dispose]();
  }
}

/** Bytes after collections; what native memory goes with an object is given back some time after it. */
async function heap() {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param {number} i @returns {string} of the overlay range */
const address = (i) => `100.64.${i >> 8}.${i & 255}`;

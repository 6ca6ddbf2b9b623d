/**
 * What many tunnels cost one daemon: time to make one and to list them all, memory for each. Every peer is a daemon of its own in a
 * network of its own; all of them are on one switch with the one that is measured.
 *
 *     near ─ 10.99.0.1 ══ switch ══ 10.99.1.1 ─ far0
 *                           ╠══════ 10.99.1.2 ─ far1 …
 */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../dist/client/index.js';
import { folder } from '../contenders.mjs';
import { near, run } from '../peers/far-host.mjs';
import { processTree, residentMemory } from '../procfs.mjs';
import { Program } from '../program.mjs';
import { median } from '../verdict.mjs';
import { answers, daemonWords, socketOf } from '../wormhole.mjs';

/** Of all carriers. */
const port = 9999;
/** Daemons that start at the same time. */
const atOnce = 4;
const gauge = new URL('gauge.mjs', import.meta.url).href;

/** @typedef {import('../../src/client/index.ts').Client} Client */
/** @typedef {{ rss: number, heap: number }} Memory bytes */

/** @param {{ tunnels: number }} options @param {string} dir @param {import('./row.mjs').Tell} tell */
export async function many({ tunnels }, dir, tell) {
  const names = Array.from({ length: tunnels }, (_, i) => `far${i}`);
  connectAll(names);
  const daemon = await startNear(folder(dir, 'near'), names);
  await startPeers(dir, names, tell);
  const client = await connect({ address: `unix://${socketOf(join(dir, 'near'))}`, timeoutMs: 30_000 });
  const without = await memoryOf(daemon);
  for (const host of names) await client.ping({ host });
  const linked = await memoryOf(daemon);
  tell(`linked with all: ${kib(linked.rss - without.rss)} KiB`);

  const tenth = Math.max(1, Math.floor(tunnels / 10));
  const times = await make(client, names.slice(0, tenth));
  const firstList = await list(client, tenth);
  const before = await memoryOf(daemon);
  tell(`${tenth} tunnels made`);
  times.push(...(await make(client, names.slice(tenth))));
  const lastList = await list(client, tunnels);
  const after = await memoryOf(daemon);
  tell(`${tunnels} tunnels made: ${kib(after.rss - before.rss)} KiB more`);

  // The very first one loads what tunnels need, and starts wireguard-go.
  const [first, last] = [times.slice(1, tenth + 1), times.slice(-tenth)].map(median);
  const grown = tunnels - tenth;
  const beside = residentMemory(processTree([daemon.pid]).slice(1)).pssKib;
  return [
    {
      firstMs: first ?? Number.NaN,
      lastMs: last ?? Number.NaN,
      firstListMs: firstList / tenth,
      lastListMs: lastList / tunnels,
      rssKib: kib(after.rss - before.rss) / grown,
      heapKib: kib(after.heap - before.heap) / grown,
      linkKib: kib(linked.rss - without.rss) / tunnels,
      besideKib: beside,
    },
  ];
}

const kib = (/** @type {number} */ bytes) => Math.round(bytes / 1024);

const address = (/** @type {number} */ i) => `10.99.${1 + Math.floor(i / 200)}.${1 + (i % 200)}`;

/** Each name is a network that a cable joins to the switch. @param {readonly string[]} names */
function connectAll(names) {
  const cables = names.flatMap((name) => [
    `netns add ${name}`,
    `link add to-${name} type veth peer name eth0 netns ${name}`,
    `link set to-${name} master switch up`,
  ]);
  const own = ['link add switch type bridge', `address add ${near}/16 dev switch`, 'link set switch up'];
  run(['ip', '-batch', '-'], [...own, ...cables].join('\n'));
  for (const [i, name] of names.entries()) {
    const lines = ['link set lo up', `address add ${address(i)}/16 dev eth0`, 'link set eth0 up'];
    run(['ip', '-n', name, '-batch', '-'], lines.join('\n'));
  }
}

/** The one that is measured. @param {string} at @param {readonly string[]} names */
async function startNear(at, names) {
  const peers = names.map((name, i) => `  ${name}: {address: '${address(i)}:${port}'}\n`);
  writeFileSync(join(at, 'wormholed.yaml'), `name: near\npeers:\n${peers.join('')}`);
  const words = [...daemonWords(at, { host: near, port }), '--config', join(at, 'wormholed.yaml')];
  const memory = join(at, 'memory.json');
  const env = { NODE_OPTIONS: `--import=${gauge}`, WORMHOLE_BENCH_GAUGE: memory };
  const program = new Program(words, { log: join(at, 'log'), env });
  await program.until(() => answers(socketOf(at)), 'its socket answered');
  return { program, pid: program.pid, memory };
}

/** @param {string} dir @param {readonly string[]} names @param {import('./row.mjs').Tell} tell */
async function startPeers(dir, names, tell) {
  for (let from = 0; from < names.length; from += atOnce) {
    const started = names.slice(from, from + atOnce).map((name, k) => {
      const at = folder(dir, name);
      copyFileSync(join(dir, 'near', 'key.secret'), join(at, 'key.secret'));
      writeFileSync(join(at, 'wormholed.yaml'), `name: ${name}\n`);
      const words = daemonWords(at, { host: address(from + k), port });
      const argv = ['nsenter', `--net=/run/netns/${name}`, ...words, '--config', join(at, 'wormholed.yaml')];
      return new Program(argv, { log: join(at, 'log') });
    });
    await Promise.all(started.map((program) => program.listens('tcp', [port])));
    if (from % 20 === 20 - atOnce) tell(`${from + atOnce} of ${names.length} peers run`);
  }
}

/** @param {Client} client @param {readonly string[]} names @returns {Promise<number[]>} milliseconds of each */
async function make(client, names) {
  const times = [];
  for (const peer of names) {
    const begun = performance.now();
    const { state, reason } = await client.createTunnel({ peer, type: 'wireguard' });
    times.push(performance.now() - begun);
    if (state !== 'complete') throw new Error(`no tunnel with ${peer}: ${state}, ${reason}`);
  }
  return times;
}

/** @param {Client} client @param {number} expected @returns {Promise<number>} milliseconds of one, the median of some */
async function list(client, expected) {
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const begun = performance.now();
    const { tunnels } = await client.tunnels();
    times.push(performance.now() - begun);
    const complete = tunnels.filter(({ state }) => state === 'complete').length;
    if (complete !== expected) throw new Error(`${complete} of ${expected} tunnels are complete`);
  }
  return median(times);
}

/** After a collection. @param {{ program: Program, pid: number, memory: string }} daemon @returns {Promise<Memory>} */
async function memoryOf({ program, pid, memory }) {
  rmSync(memory, { force: true });
  process.kill(pid, 'SIGUSR2');
  await program.until(() => existsSync(memory), 'it told its memory');
  return JSON.parse(readFileSync(memory, 'utf8'));
}

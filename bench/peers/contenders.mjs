/**
 * Everything that is measured between the two hosts: the pairs, wormhole, and the target from its own host.
 *
 * Owns the target's servers and all halves for the length of the run.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from '../contenders.mjs';
import { loadProgram } from '../paths.mjs';
import { Program } from '../program.mjs';
import { startFarHost } from './far-host.mjs';
import { pairs } from './pairs.mjs';
import { built, forwardPair, quicPair, wormholePair } from './wormhole.mjs';

/** @typedef {import('./pairs.mjs').Pair} Pair */
/** @typedef {import('../contenders.mjs').Contender & { tcp: boolean }} Contender */

/** @param {readonly string[] | undefined} wanted @returns {Pair[]} those that are asked for and can be had */
export function choose(wanted) {
  const all = [...pairs, ...(built() ? [wormholePair, quicPair, forwardPair] : [])];
  for (const name of wanted ?? []) {
    if (!all.some((pair) => pair.name === name)) throw new Error(`--peers ${name}: no such program`);
  }
  for (const { name, file } of all) if (!existsSync(file)) console.error(`left out: ${name}, no ${file}`);
  return all.filter(({ name, file }) => existsSync(file) && (wanted?.includes(name) ?? true));
}

/** @param {readonly Pair[]} chosen @param {string} dir @returns {Promise<{ contenders: Contender[], stop: () => Promise<void> }>} */
export async function start(chosen, dir) {
  /** @type {(() => Promise<void>)[]} */
  const undo = [];
  const stop = async () => {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  };
  try {
    const host = await startFarHost(dir);
    undo.push(host.stop);
    const plans = [undefined, ...chosen].map((pair, i) => ({ pair, first: 2000 + 20 * i }));
    const services = plans.flatMap(({ first }) => {
      const { echo, source, udp } = portsAt(first, 'target');
      return [`echo:${echo}`, `source:${source}`, `udp:${udp}`];
    });
    const log = join(dir, 'serve.log');
    writeFileSync(log, '');
    const server = new Program([...host.prefix, loadProgram, 'serve', ...services], { log });
    undo.push(() => server.stop());
    await server.until(() => server.logged('ready'), 'it was ready');
    /** @type {Contender[]} */
    const contenders = [];
    for (const { pair, first } of plans) {
      if (pair === undefined) {
        const nothing = { roots: [], obituary: () => undefined };
        const own = { name: 'direct', ports: portsAt(first, 'target'), prefix: host.prefix };
        contenders.push({ ...own, tcp: true, udp: true, inNamespace: false, ...nothing });
        continue;
      }
      const tcp = pair.carries !== 'udp';
      const udp = pair.carries !== 'tcp';
      const running = await pair.start(links(first, tcp, udp), folder(dir, pair.name.replaceAll(' ', '')), host.prefix);
      undo.push(running.stop);
      const own = { name: pair.name, ports: portsAt(first, 'listen'), prefix: [] };
      contenders.push({ ...own, tcp, udp, inNamespace: false, ...running });
    }
    return { contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of twenty: three for each place of a link. */
const places = { listen: 0, carried: 5, target: 10 };

/** @param {number} first @param {keyof typeof places} place */
function portsAt(first, place) {
  const port = first + places[place];
  return { echo: port, source: port + 1, udp: port + 2 };
}

/** @param {number} first @param {boolean} tcp @param {boolean} udp @returns {import('./pairs.mjs').Link[]} */
function links(first, tcp, udp) {
  const [listen, carried, target] = /** @type {const} */ (['listen', 'carried', 'target']).map((place) =>
    portsAt(first, place),
  );
  if (listen === undefined || carried === undefined || target === undefined) throw new Error('three places');
  const link = (/** @type {'tcp' | 'udp'} */ protocol, /** @type {'echo' | 'source' | 'udp'} */ port) => ({
    protocol,
    listen: listen[port],
    carried: carried[port],
    target: target[port],
  });
  return [...(tcp ? [link('tcp', 'echo'), link('tcp', 'source')] : []), ...(udp ? [link('udp', 'udp')] : [])];
}

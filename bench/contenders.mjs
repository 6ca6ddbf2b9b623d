/**
 * Everything that is measured, side by side: the direct connection, the peers, wormhole, and both of the latter two
 * once more with the target in another network namespace.
 *
 * Owns the upstream servers and the proxies for the length of the run. Every contender has its own target ports, so
 * that one's connections in TIME_WAIT cannot slow the next one's.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProgram } from './paths.mjs';
import { commandPeer, installed, peers } from './peers.mjs';
import { Program } from './program.mjs';
import { built, wormholePeer } from './wormhole.mjs';

/** @typedef {import('./peers.mjs').Peer} Peer */
/** @typedef {import('./peers.mjs').Link} Link */
/** @typedef {{ echo: number, source: number, udp: number }} Ports */
/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {Ports} ports that the load generator speaks to
 * @property {readonly string[]} prefix of the load generator's command line
 * @property {boolean} udp
 * @property {boolean} inNamespace its target is in another namespace; takes part in the core tests only
 * @property {readonly number[]} roots its processes; none for a direct connection
 * @property {() => string | undefined} obituary absent while it lives
 * @property {Peer} [peer] how a fresh one is started; none for a direct connection
 * @property {Link} [spare] a free link, for a fresh one
 */

const controlPort = 9700;
const noProxy = { roots: [], obituary: () => undefined };

/** @param {import('./options.mjs').Options} options @returns {Peer[]} those that are asked for and installed */
export function choose({ peers: wanted, commands, subject }) {
  const all = [...peers, ...commands.map(commandPeer)];
  if (built()) all.push(wormholePeer(controlPort));
  for (const peer of all.filter((peer) => !installed(peer))) console.error(`left out: ${peer.name}, no ${peer.file}`);
  if (!built() && (wanted?.includes('wormhole') ?? subject === 'wormhole')) {
    throw new Error('wormhole is not built here: run make, or name another program with --subject');
  }
  for (const name of wanted ?? []) {
    if (name !== 'direct' && !all.some((peer) => peer.name === name))
      throw new Error(`--peers ${name}: no such program`);
  }
  return all.filter((peer) => installed(peer) && (wanted?.includes(peer.name) ?? true));
}

/**
 * Starts the servers and all programs.
 *
 * @param {readonly Peer[]} chosen
 * @param {string} dir
 * @returns {Promise<{ contenders: Contender[], stop: () => Promise<void> }>}
 */
export async function start(chosen, dir) {
  /** @type {(() => Promise<void>)[]} */
  const undo = [];
  const stop = async () => {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  };
  try {
    const contenders = await startAll(chosen, dir, undo);
    return { contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {readonly Peer[]} chosen @param {string} dir @param {(() => Promise<void>)[]} undo @returns {Promise<Contender[]>} */
async function startAll(chosen, dir, undo) {
  const ports = [undefined, ...chosen].map((_, i) => ({
    listen: portsAt(2000 + 20 * i),
    target: portsAt(2010 + 20 * i),
  }));
  const here = await serve(
    ports.map(({ target }) => target),
    [],
    join(dir, 'serve.log'),
  );
  undo.push(() => here.stop());

  /** @type {Contender[]} */
  const contenders = [];
  const direct = ports[0]?.target ?? portsAt(2010);
  contenders.push({ name: 'direct', ports: direct, prefix: [], udp: true, inNamespace: false, ...noProxy });
  for (const [i, peer] of chosen.entries()) {
    const { listen, target } = ports[i + 1] ?? { listen: direct, target: direct };
    const running = await peer.start(links(listen, target, peer.udp), folder(dir, peer.name));
    undo.push(running.stop);
    const spare = /** @type {const} */ ({ protocol: 'tcp', listen: listen.udp + 1, target: target.echo });
    const own = { name: peer.name, ports: listen, udp: peer.udp, inNamespace: false };
    contenders.push({ ...own, ...running, prefix: [], peer, spare });
  }
  if (chosen.some(({ name }) => name === 'wormhole')) contenders.push(...(await startAcross(dir, undo)));
  return contenders;
}

/** The target in another namespace, as a container has it: reached directly from within, and by wormhole from here. */
/** @param {string} dir @param {(() => Promise<void>)[]} undo @returns {Promise<Contender[]>} */
async function startAcross(dir, undo) {
  const listen = portsAt(3000);
  const target = portsAt(3010);
  const enter = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const there = await serve([target], enter, join(dir, 'serve-across.log'));
  undo.push(() => there.stop());
  const peer = wormholePeer(controlPort + 50, { name: 'wormhole-ns', targetNamespace: `pid:${there.pid}@` });
  const running = await peer.start(links(listen, target, false), folder(dir, peer.name));
  undo.push(running.stop);
  const prefix = ['nsenter', '--net', `--target=${there.pid}`];
  return [
    { name: 'direct-ns', ports: target, prefix, udp: false, inNamespace: true, ...noProxy },
    { name: 'wormhole-ns', ports: listen, prefix: [], udp: false, inNamespace: true, ...running, peer },
  ];
}

/** @param {readonly Ports[]} targets @param {readonly string[]} prefix @param {string} log */
async function serve(targets, prefix, log) {
  const services = targets.flatMap(({ echo, source, udp }) => [`echo:${echo}`, `source:${source}`, `udp:${udp}`]);
  writeFileSync(log, '');
  const program = new Program([...prefix, loadProgram, 'serve', ...services], { log });
  await program.until(() => program.logged('ready'), 'it was ready');
  return program;
}

/** @param {number} first @returns {Ports} */
const portsAt = (first) => ({ echo: first, source: first + 1, udp: first + 2 });

/** @param {Ports} listen @param {Ports} target @param {boolean} udp @returns {Link[]} */
function links(listen, target, udp) {
  /** @type {Link[]} */
  const all = [
    { protocol: 'tcp', listen: listen.echo, target: target.echo },
    { protocol: 'tcp', listen: listen.source, target: target.source },
  ];
  if (udp) all.push({ protocol: 'udp', listen: listen.udp, target: target.udp });
  return all;
}

/** @param {string} dir @param {string} name */
export function folder(dir, name) {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/**
 * wormhole as the benchmark starts it: the programs that `make` leaves at the repository's root, a private daemon
 * with its own key, socket and state.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { programsDir } from './paths.mjs';
import { serving } from './peers.mjs';
import { Program } from './program.mjs';

/** @typedef {import('./peers.mjs').Peer} Peer */

const cli = join(programsDir, 'wormhole');
const daemon = join(programsDir, 'wormholed');

export const built = () => existsSync(cli) && existsSync(daemon);

/** @param {string} dir the daemon's own folder, short: a socket's path has 107 bytes */
export const socketOf = (dir) => join(dir, 'socket');

/** @param {string} dir @param {readonly string[]} words @returns {string[]} a command line for a daemon started there */
export const cliWords = (dir, words) => [cli, '--socket', socketOf(dir), ...words];

/**
 * Writes what a daemon in `dir` needs, unless it is there.
 *
 * @param {string} dir
 * @param {number | { host: string, port: number }} control its port, on 127.0.0.1 unless said otherwise
 * @returns {string[]} its command line
 */
export function daemonWords(dir, control) {
  mkdirSync(join(dir, 'state'), { recursive: true });
  const key = join(dir, 'key.secret');
  if (!existsSync(key)) writeFileSync(key, randomBytes(32).toString('hex'), { mode: 0o600 });
  const { host, port } = typeof control === 'number' ? { host: '127.0.0.1', port: control } : control;
  const listeners = ['--socket', socketOf(dir), '-H', `${host}:${port}`];
  // The peers write no line per connection either.
  return [daemon, ...listeners, '--state-dir', join(dir, 'state'), '-K', key, '--log-level', 'warn'];
}

/** @param {string} path @returns {Promise<boolean>} whether a unix socket is listened on */
export function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', (failed) => resolve(!failed));
  });
}

/**
 * @param {number} controlPort first of the ports its daemons take
 * @param {{ name?: string, targetNamespace?: string }} [where] e.g. `pid:42@`, in front of every target's address
 * @returns {Peer}
 */
export function wormholePeer(controlPort, { name = 'wormhole', targetNamespace = '' } = {}) {
  let daemons = 0;
  return {
    name,
    file: cli,
    udp: true,
    idleLimit: 8000,
    start: async (links, dir) => {
      const program = new Program(daemonWords(dir, controlPort + daemons++), { log: join(dir, 'log') });
      await program.until(() => answers(socketOf(dir)), 'its socket answered');
      for (const { protocol, listen, target } of links) {
        const spec = ['url', `${protocol}://:${listen}`, 'tail', 'url', `${targetNamespace}127.0.0.1:${target}`];
        const [file = '', ...words] = cliWords(dir, ['create', ...spec]);
        const create = spawnSync(file, words, { encoding: 'utf8' });
        if (create.status === 0) continue;
        await program.stop();
        throw new Error(`wormhole create ${spec.join(' ')}: ${create.stderr || create.error?.message}`);
      }
      return serving([program], links);
    },
  };
}

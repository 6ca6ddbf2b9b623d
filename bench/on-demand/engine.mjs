/**
 * A container engine of the benchmark's own, with the images it needs, and the two ways to a container's first byte.
 *
 * It lives in the benchmark's namespaces and ends with them; its data lies in the run's folder.
 */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { connect, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { rootDir } from '../paths.mjs';
import { Program } from '../program.mjs';

const run = promisify(execFile);

export const MARIADB = 'wormhole/mariadb';
/** Our load generator's echo on 127.0.0.1:{@link ECHO_PORT}, statically linked, and nothing else. */
export const ECHO = 'wormhole/bench-echo';
export const ECHO_PORT = 7001;
const mariadbImage = join(rootDir, 'node_modules/.cache/mariadb/image.tar');

/** What is missing for it, for a person; undefined when nothing is. */
export function missing() {
  if (!existsSync('/usr/sbin/dockerd')) return 'dockerd (package docker.io)';
  if (!existsSync(mariadbImage)) return 'the MariaDB image (scripts/build-mariadb-image.sh)';
  return undefined;
}

export class Engine {
  #dir;
  /** @type {Program | undefined} */
  #program;

  /** @param {string} dir the run's folder */
  constructor(dir) {
    this.#dir = join(dir, 'engine');
    mkdirSync(this.#dir, { recursive: true });
  }

  get address() {
    return `unix://${this.#socket}`;
  }

  get #socket() {
    return join(this.#dir, 'docker.sock');
  }

  /** @param {string} echoProgram statically linked */
  async start(echoProgram) {
    const dir = this.#dir;
    const where = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
    const program = new Program(['/usr/sbin/dockerd', '-H', this.address, ...where, '--bip', '172.27.0.1/16'], {
      log: join(dir, 'log'),
    });
    this.#program = program;
    await program.until(() => this.#answers(), 'it answered');
    await this.docker('import', '--change', 'CMD ["/bin/serve"]', mariadbImage, MARIADB);
    mkdirSync(join(dir, 'echo'));
    copyFileSync(echoProgram, join(dir, 'echo', 'load'));
    const archive = join(dir, 'echo.tar');
    spawnSync('tar', ['-C', join(dir, 'echo'), '-cf', archive, 'load']);
    await this.docker('import', '--change', `CMD ["/load","serve","echo:${ECHO_PORT}"]`, archive, ECHO);
  }

  async stop() {
    await this.#program?.stop();
    spawnSync('umount', ['-l', join(this.#dir, 'exec/netns/default')], { stdio: 'ignore' });
  }

  /** @param {readonly string[]} words @returns {Promise<string>} what it printed, trimmed */
  async docker(...words) {
    const { stdout } = await run('docker', ['-H', this.address, ...words], { encoding: 'utf8' });
    return stdout.trim();
  }

  /** @param {string} id @returns {Promise<number>} pid of the container's first process */
  async pidOf(id) {
    const { State } = /** @type {{ State: { Pid: number } }} */ (await this.#get(`/containers/${id}/json`));
    return State.Pid;
  }

  #answers() {
    return this.#get('/_ping').then(
      () => true,
      () => false,
    );
  }

  /** @param {string} path @returns {Promise<unknown>} */
  #get(path) {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#socket, path, agent: false }, (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (part) => (body += part));
        answer.on('end', () => resolve(body.startsWith('{') ? JSON.parse(body) : body));
      });
      call.on('error', reject);
      call.end();
    });
  }
}

/** Milliseconds between two tries of the port. */
const POLL_MS = 5;

/**
 * Tries a port on a container's own loopback until it sends something.
 *
 * @param {number} pid of the container @param {number} port
 */
export async function pollInside(pid, port) {
  const { NetNamespace } = await import('../../dist/sys/netns.js');
  const { tcpSocketIn } = await import('../../dist/sys/sockets.js');
  const namespace = NetNamespace.ofPid(pid);
  try {
    for (;;) {
      const fd = tcpSocketIn(namespace, '127.0.0.1').release();
      if (await firstByte(new Socket({ fd }).connect({ host: '127.0.0.1', port }))) return;
      await sleep(POLL_MS);
    }
  } finally {
    namespace[Symbol.dispose]();
  }
}

/** @param {number} port of the benchmark's own loopback @returns {Promise<boolean>} false when it ended without a byte */
export const firstByteFrom = (port) => firstByte(connect({ host: '127.0.0.1', port }));

/** @param {Socket} socket @returns {Promise<boolean>} */
function firstByte(socket) {
  return new Promise((resolve) => {
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

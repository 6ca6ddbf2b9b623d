/**
 * The benchmark's own world: a network, a mount and a process namespace in which everything runs.
 *
 * Nothing is measured over a network that someone else uses, no port can collide, and nothing outlives the run:
 * when its first process ends, the kernel ends all others. This outer side owns the folder for sockets,
 * configurations and logs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the folder, for the process that is already inside. */
const folderVariable = 'WORMHOLE_BENCH_DIR';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** @returns {string | undefined} the run's folder; absent outside of a world */
export const inside = () => process.env[folderVariable];

/**
 * @typedef {object} Meanwhile
 * @property {Record<string, string>} [env] beside ours
 * @property {number} [limitMs] after which it is ended @throws {Error} then
 * @property {(message: any) => void} [heard] what it sends by process.send()
 */

/**
 * Runs a program inside a world of its own; an interrupt ends that world at once.
 *
 * @param {readonly string[]} argv script and words, as in process.argv.slice(1)
 * @param {Meanwhile} [meanwhile]
 * @returns {Promise<number>} its exit status; 130 when it was interrupted
 */
export async function runInside(argv, { env = {}, limitMs, heard } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'wormhole-bench-'));
  // The hard limit on descriptors bounds the memory test; the soft one is inherited by every program measured.
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const words = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh'];
  const child = spawn('unshare', [...words, process.execPath, ...argv], {
    stdio: heard === undefined ? 'inherit' : ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env, [folderVariable]: dir },
  });
  if (heard !== undefined) child.on('message', heard);
  // unshare(1) ignores the polite signals while it waits; its death takes the world along.
  const end = () => void child.kill('SIGKILL');
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      end();
    },
    limitMs ?? 2 ** 31 - 1,
  );
  for (const signal of signals) process.on(signal, end);
  try {
    const [code, signal] = await once(child, 'exit');
    if (late) throw new Error(`it was ended after ${(limitMs ?? 0) / 1000} s`);
    if (signal !== null) console.error(`\nthe run was ended by ${signal}`);
    return code ?? 130;
  } finally {
    clearTimeout(timer);
    for (const signal of signals) process.off(signal, end);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Prepares the namespaces from within. @throws {Error} when they do not let it */
export function settle() {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (up.status !== 0) throw new Error(`cannot bring up lo: ${up.stderr}`);
  // Names of namespaces and of wireguard-go's sockets are files of the machine; those of a run end with it.
  for (const path of ['/run/netns', '/run/wireguard']) {
    mkdirSync(path, { recursive: true });
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'bench', path], { encoding: 'utf8' });
    if (mount.status !== 0) throw new Error(`cannot mount ${path}: ${mount.stderr}`);
  }
  // A connection rate uses up the ephemeral ports of one address in seconds unless TIME_WAIT ones are taken again.
  // Ports below 10240 stay free for the listeners.
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '10240 65535');
  writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '1');
  writeFileSync('/proc/sys/net/core/somaxconn', '4096');
}

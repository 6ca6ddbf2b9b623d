/**
 * The benchmark's own world: a network, a mount and a process namespace in which everything runs.
 *
 * Nothing is measured over a network that someone else uses, no port can collide, and nothing outlives the run:
 * when its first process ends, the kernel ends all others. This outer side owns the folder for sockets,
 * configurations and logs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names the folder, for the process that is already inside. */
const folderVariable = 'WORMHOLE_BENCH_DIR';

/** @returns {string | undefined} the run's folder; absent outside of a world */
export const inside = () => process.env[folderVariable];

/**
 * Runs this same program again inside a world of its own; an interrupt ends that world at once.
 *
 * @param {readonly string[]} argv script and words, as in process.argv.slice(1)
 * @returns {Promise<number>} its exit status
 */
export async function runInside(argv) {
  const dir = mkdtempSync(join(tmpdir(), 'wormhole-bench-'));
  // The hard limit on descriptors bounds the memory test; the soft one is inherited by every program measured.
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const words = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh'];
  try {
    const child = spawn('unshare', [...words, process.execPath, ...argv], {
      stdio: 'inherit',
      env: { ...process.env, [folderVariable]: dir },
    });
    // unshare(1) ignores the polite signals while it waits; its death takes the world along.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => child.kill('SIGKILL'));
    }
    const [code, signal] = await once(child, 'exit');
    if (signal !== null) console.error(`\nthe run was ended by ${signal}`);
    return code ?? 130;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Prepares the namespaces from within. @throws {Error} when they do not let it */
export function settle() {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (up.status !== 0) throw new Error(`cannot bring up lo: ${up.stderr}`);
  // A connection rate uses up the ephemeral ports of one address in seconds unless TIME_WAIT ones are taken again.
  // Ports below 10240 stay free for the listeners.
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '10240 65535');
  writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '1');
  writeFileSync('/proc/sys/net/core/somaxconn', '4096');
}

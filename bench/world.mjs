/**
 * The benchmark's own world: a network, a mount and a process namespace in which everything runs.
 *
 * Nothing is measured over a network that someone else uses, no port can collide, and nothing outlives the run:
 * when its first process ends, the kernel ends all others.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Set for the process that is already inside. */
const insideMark = 'WORMHOLE_BENCH_INSIDE';

export const inside = () => process.env[insideMark] === '1';

/**
 * Runs this same program again inside a world of its own.
 *
 * @param {readonly string[]} argv script and words, as in process.argv.slice(1)
 * @returns {Promise<number>} its exit status
 */
export function runInside(argv) {
  // The hard limit on descriptors bounds the memory test; the soft one is inherited by every program measured.
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const words = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script, 'sh'];
  const child = spawn('unshare', [...words, process.execPath, ...argv], {
    stdio: 'inherit',
    env: { ...process.env, [insideMark]: '1' },
  });
  // Ctrl-C reaches the whole foreground group; this side waits for the inner one to tidy up.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 70));
  });
}

/** Prepares the namespaces from within. @returns a folder for sockets, configurations and logs, gone at exit */
export function settle() {
  const up = spawnSync('ip', ['link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (up.status !== 0) throw new Error(`cannot bring up lo: ${up.stderr}`);
  // A connection rate uses up the ephemeral ports of one address in seconds unless TIME_WAIT ones are taken again.
  // Ports below 10240 stay free for the listeners.
  writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '10240 65535');
  writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '1');
  writeFileSync('/proc/sys/net/core/somaxconn', '4096');
  const dir = mkdtempSync(join(tmpdir(), 'wormhole-bench-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(130));
  return dir;
}

/**
 * The second host of the comparison: a network namespace that a cable joins to the run's own, or a path that takes time, and
 * nothing else.
 *
 *     load ─ near half ─ 10.99.0.1 ══ 10.99.0.2 ─ far half ─ target
 */
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { slowLinkProgram } from '../paths.mjs';
import { Program } from '../program.mjs';

/** Addresses of the two hosts. */
export const near = '10.99.0.1';
export const far = '10.99.0.2';

/** As settle() of ../world.mjs sets them here. */
const settings = {
  'ipv4/ip_local_port_range': '10240 65535',
  'ipv4/tcp_tw_reuse': '1',
  'core/somaxconn': '4096',
};

/** @typedef {{ prefix: readonly string[], stop: () => Promise<void> }} FarHost words that run a program there */

/**
 * What lies between, without a delay a cable; rate is of each direction, and the queue before it holds `queueMs`.
 *
 * @typedef {{ delayMs?: number, mbit?: number | undefined, queueMs?: number }} Path
 */

/** @param {string} dir @param {Path} [path] absent = a cable @returns {Promise<FarHost>} */
export async function startFarHost(dir, path) {
  const holder = new Program(['unshare', '--net', 'sleep', 'infinity'], { log: join(dir, 'far.log') });
  /** @type {(() => Promise<void>)[]} */
  const undo = [() => holder.stop()];
  const stop = async () => {
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
  };
  try {
    const network = `/proc/${holder.pid}/ns/net`;
    const home = readlinkSync('/proc/self/ns/net');
    await holder.until(() => readlinkSync(network) !== home, 'it had a network of its own');
    const prefix = ['nsenter', `--net=${network}`];
    if (path?.delayMs === undefined) undo.push(cable(holder.pid));
    else undo.push(await slowLink(path.delayMs, join(dir, 'path.log'), network, 'eth0'));
    setUp(prefix, path);
    return { prefix, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {readonly string[]} prefix @param {Path} [path] */
function setUp(prefix, path) {
  for (const [words, device, address] of /** @type {const} */ ([
    [[], 'to-far', near],
    [prefix, 'eth0', far],
  ])) {
    run([...words, 'ip', 'address', 'add', `${address}/24`, 'dev', device]);
    run([...words, 'ip', 'link', 'set', device, 'up']);
  }
  run([...prefix, 'ip', 'link', 'set', 'lo', 'up']);
  for (const [name, value] of Object.entries(settings)) run([...prefix, 'tee', `/proc/sys/net/${name}`], value);
  if (path?.mbit !== undefined) {
    const shape = `root tbf rate ${path.mbit}mbit burst 128k latency ${path.queueMs ?? 50}ms`.split(' ');
    run(['tc', 'qdisc', 'add', 'dev', 'to-far', ...shape]);
    run([...prefix, 'tc', 'qdisc', 'add', 'dev', 'eth0', ...shape]);
  }
}

/** Taken away by name: with the far network it would go some time after that, and be in the next one's way. @param {number} pid in the far host */
function cable(pid) {
  run(`ip link add name to-far type veth peer name eth0 netns ${pid}`.split(' '));
  return async () => void run('ip link delete dev to-far'.split(' '));
}

/** @param {number} delayMs @param {string} log @param {string} network of the far host @param {string} device there */
async function slowLink(delayMs, log, network, device) {
  const ends = [`/proc/${process.pid}/ns/net`, 'to-far', network, device];
  const link = new Program(
    // It lives as long as its standard input.
    ['sh', '-c', 'sleep infinity | exec "$@"', 'sh', slowLinkProgram, ...ends, String(delayMs * 1000), '0'],
    { log },
  );
  // A device goes a moment after the program that has it.
  const stop = async () => {
    await link.stop();
    for (let tries = 0; nearDeviceIsThere(); tries += 1) {
      if (tries >= 250) throw new Error('to-far is still there, five seconds after the program that had it');
      await sleep(20);
    }
  };
  try {
    await link.until(() => link.logged('ready'), 'both ends were there');
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

const nearDeviceIsThere = () => spawnSync('ip', ['link', 'show', 'dev', 'to-far']).status === 0;

/** @param {readonly string[]} argv @param {string} input @returns {string} what it says */
export function run(argv, input = '') {
  const [file = '', ...words] = argv;
  const { status, stdout, stderr, error } = spawnSync(file, words, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr || error?.message}`);
  return stdout;
}

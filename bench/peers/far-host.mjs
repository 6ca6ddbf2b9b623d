/**
 * The second host of the comparison: a network namespace that a cable joins to the run's own, and nothing else.
 *
 *     load ─ near half ─ 10.99.0.1 ══ 10.99.0.2 ─ far half ─ target
 */
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
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

/** @param {string} dir @returns {Promise<FarHost>} */
export async function startFarHost(dir) {
  const holder = new Program(['unshare', '--net', 'sleep', 'infinity'], { log: join(dir, 'far.log') });
  const path = `/proc/${holder.pid}/ns/net`;
  const home = readlinkSync('/proc/self/ns/net');
  await holder.until(() => readlinkSync(path) !== home, 'it had a network of its own');
  const prefix = ['nsenter', `--net=${path}`];
  run(`ip link add name to-far type veth peer name eth0 netns ${holder.pid}`.split(' '));
  for (const [words, device, address] of /** @type {const} */ ([
    [[], 'to-far', near],
    [prefix, 'eth0', far],
  ])) {
    run([...words, 'ip', 'address', 'add', `${address}/24`, 'dev', device]);
    run([...words, 'ip', 'link', 'set', device, 'up']);
  }
  run([...prefix, 'ip', 'link', 'set', 'lo', 'up']);
  for (const [name, value] of Object.entries(settings)) run([...prefix, 'tee', `/proc/sys/net/${name}`], value);
  return { prefix, stop: () => holder.stop() };
}

/** @param {readonly string[]} argv @param {string} input */
function run(argv, input = '') {
  const [file = '', ...words] = argv;
  const { status, stderr, error } = spawnSync(file, words, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr || error?.message}`);
}

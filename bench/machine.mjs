/**
 * What the figures were taken on: the machine, and the version of every program.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { rootDir } from './paths.mjs';

/** @typedef {{ date: string, system: string, kernel: string, cpu: string, cores: number, memoryGb: number, load: number[] }} Machine */

/** @returns {Machine} `load` is the load average before the run: above a tenth or two, someone else was at work */
export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    load: loadavg().map((value) => Number(value.toFixed(2))),
  };
}

/** How each program tells its version: the command, and the part of its answer that is one. @type {Record<string, [string[], RegExp]>} */
const questions = {
  haproxy: [['haproxy', '-v'], /version (\S+)/],
  nginx: [['nginx', '-v'], /nginx\/(\S+)/],
  socat: [['socat', '-V'], /socat version (\S+)/],
  systemd: [['/lib/systemd/systemd-socket-proxyd', '--version'], /systemd \d+ \((.*)\)/],
  'docker-proxy': [['dpkg-query', '-W', '-f', '${Version}', 'docker.io'], /(\S+)/],
  stunnel: [['stunnel4', '-version'], /stunnel (\S+)/],
  ssh: [['ssh', '-V'], /OpenSSH_(\S+)/],
  gcc: [['gcc', '-dumpfullversion'], /(\S+)/],
};

/** @param {readonly string[]} contenders @returns {Record<string, string>} */
export function describeVersions(contenders) {
  /** @type {Record<string, string>} */
  const versions = { node: process.version };
  for (const [name, [[file = '', ...words], pattern]] of Object.entries(questions)) {
    if (name !== 'gcc' && !contenders.some((contender) => contender.split(' ')[0] === name)) continue;
    const { stdout, stderr } = spawnSync(file, words, { encoding: 'utf8' });
    versions[name] = pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
  }
  if (contenders.includes('wormhole')) versions['wormhole'] = ownVersion();
  return versions;
}

/** @returns {string} from package.json, with the commit where git knows it */
function ownVersion() {
  const { version } = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
  const git = spawnSync('git', ['-C', rootDir, 'describe', '--always', '--dirty', '--exclude', '*'], {
    encoding: 'utf8',
  });
  return git.status === 0 ? `${version} (${git.stdout.trim()})` : version;
}

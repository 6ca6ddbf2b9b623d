/**
 * What the benchmark needs before it can run: the peers, from Debian, and the load generator, from C.
 *
 * Runs outside the benchmark's namespace, because apt needs the network. A peer that cannot be installed is left
 * out by name, never silently.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDir, loadProgram, loadSources, slowLinkProgram, slowLinkSource, staticLoadProgram } from './paths.mjs';

/** Debian packages by a file that proves them installed. */
const needed = [
  { file: '/usr/sbin/haproxy', name: 'haproxy' },
  { file: '/usr/sbin/nginx', name: 'nginx-light' },
  { file: '/usr/lib/nginx/modules/ngx_stream_module.so', name: 'libnginx-mod-stream' },
  { file: '/usr/bin/socat', name: 'socat' },
  { file: '/lib/systemd/systemd-socket-proxyd', name: 'systemd' },
  { file: '/usr/sbin/docker-proxy', name: 'docker.io' },
  { file: '/usr/bin/gcc', name: 'gcc' },
  { file: '/usr/include/stdio.h', name: 'libc6-dev' },
  { file: '/usr/bin/unshare', name: 'util-linux' },
  { file: '/usr/sbin/ip', name: 'iproute2' },
];

/**
 * Installs what is missing, as far as it can, and says what it could not.
 *
 * @param {readonly { file: string, name: string }[]} more packages, beside those that every benchmark needs
 */
export function install(more = []) {
  const all = [...needed, ...more];
  const missing = all.filter(({ file }) => !existsSync(file)).map(({ name }) => name);
  if (missing.length === 0) return;
  console.error(`installing ${missing.join(' ')}`);
  withoutStartingServices(() => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { stdio: 'inherit', env });
  });
  const still = all.filter(({ file }) => !existsSync(file));
  if (still.length > 0)
    console.error(`could not install: ${still.map(({ name, file }) => `${name} (${file})`).join(', ')}`);
}

/**
 * Debian starts a service as soon as it is installed, unless policy-rc.d forbids it; nobody who runs a benchmark
 * asked for an nginx on port 80. A policy that is there already is not touched.
 *
 * @param {() => void} work
 */
function withoutStartingServices(work) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    if (ours) rmSync(policy);
  }
}

/** Compiles the load generator, and the path that takes time. @throws {Error} with the compiler's words */
export function compile() {
  mkdirSync(buildDir, { recursive: true });
  const sources = readdirSync(loadSources)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(loadSources, name));
  const targets = /** @type {const} */ ([
    [loadProgram, [], sources],
    [staticLoadProgram, ['-static'], sources],
    [slowLinkProgram, [], [slowLinkSource]],
  ]);
  for (const [target, flags, files] of targets) {
    const words = ['-O2', '-Wall', '-Wextra', '-std=gnu11', ...flags, '-o', target, ...files];
    const gcc = spawnSync('gcc', words, { encoding: 'utf8' });
    if (gcc.status !== 0) throw new Error(`gcc could not compile ${target}: ${gcc.stderr ?? gcc.error?.message}`);
  }
}

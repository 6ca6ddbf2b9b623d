/**
 * A WireGuard tunnel between the two hosts as people make it by hand: `wireguard-go` or the kernel's, `wg` and `ip`.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { far, near, run } from '../peers/far-host.mjs';
import { Program } from '../program.mjs';

/** Addresses inside, and the UDP port of both ends. */
export const insideFar = '10.98.0.2';
const insideNear = '10.98.0.1';
const port = 51_820;

/** Names are the machine's: `wireguard-go` puts a socket of that name into the file system. */
const name = `whb${randomBytes(4).toString('hex')}`;

/**
 * @param {string} dir @param {readonly string[]} prefix runs a program in the far host
 * @param {boolean} kernel has WireGuard
 * @returns {Promise<() => Promise<void>>} takes it away
 */
export async function makeByHand(dir, prefix, kernel) {
  const ends = /** @type {const} */ ([
    { name: `${name}n`, words: [], inside: insideNear, other: insideFar, at: far },
    { name: `${name}f`, words: prefix, inside: insideFar, other: insideNear, at: near },
  ]);
  const secrets = ends.map(({ name }) => {
    const file = join(dir, `${name}.key`);
    const secret = run(['wg', 'genkey']);
    writeFileSync(file, secret, { mode: 0o600 });
    return { file, publicKey: run(['wg', 'pubkey'], secret).trim() };
  });
  /** @type {Program[]} */
  const programs = [];
  for (const [i, { name, words, inside, other, at }] of ends.entries()) {
    if (kernel) run([...words, 'ip', 'link', 'add', name, 'type', 'wireguard']);
    else programs.push(await wireguardGo(name, words, dir));
    const peer = ['peer', secrets[1 - i]?.publicKey ?? '', 'endpoint', `${at}:${port}`, 'allowed-ips', `${other}/32`];
    run([...words, 'wg', 'set', name, 'listen-port', `${port}`, 'private-key', secrets[i]?.file ?? '', ...peer]);
    run([...words, 'ip', 'address', 'add', `${inside}/24`, 'dev', name]);
    run([...words, 'ip', 'link', 'set', name, 'mtu', '1420', 'up']);
  }
  return async () => {
    for (const { name, words } of ends) run([...words, 'ip', 'link', 'delete', name]);
    await Promise.all(programs.map((program) => program.stop()));
  };
}

/** @param {string} name @param {readonly string[]} words @param {string} dir */
async function wireguardGo(name, words, dir) {
  const program = new Program([...words, 'wireguard-go', '-f', name], { log: join(dir, `${name}.log`) });
  await program.until(() => {
    try {
      run([...words, 'wg', 'show', name]);
      return true;
    } catch {
      return false;
    }
  }, 'it answered');
  return program;
}

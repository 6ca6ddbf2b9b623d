/**
 * Tunnels between the two hosts as people make them by hand: `ip xfrm`; `wireguard-go` or the kernel's WireGuard, `wg` and `ip`.
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

/** @typedef {() => Promise<void>} TakeAway */

/**
 * ESP in tunnel mode with AES-GCM and a key of 256 bits, as wormhole's.
 *
 * @param {string} _dir @param {readonly string[]} prefix runs a program in the far host
 * @returns {Promise<TakeAway>}
 */
export async function makeIpsec(_dir, prefix) {
  const ways = /** @type {const} */ ([
    { from: near, to: far, inside: [insideNear, insideFar], spi: '0x1001', key: randomBytes(36).toString('hex') },
    { from: far, to: near, inside: [insideFar, insideNear], spi: '0x1002', key: randomBytes(36).toString('hex') },
  ]);
  const ends = /** @type {const} */ ([
    { words: [], own: near, device: 'to-far', inside: [insideNear, insideFar] },
    { words: prefix, own: far, device: 'eth0', inside: [insideFar, insideNear] },
  ]);
  for (const { words, own, device, inside } of ends) {
    const lines = ways.flatMap(({ from, to, inside: [source, destination], spi, key }) => {
      const template = `tmpl src ${from} dst ${to} proto esp reqid 1 mode tunnel`;
      const policy = `xfrm policy add src ${source}/32 dst ${destination}/32`;
      const cipher = `aead rfc4106(gcm(aes)) 0x${key} 128 replay-window 32`;
      return [
        `xfrm state add src ${from} dst ${to} proto esp spi ${spi} reqid 1 mode tunnel ${cipher}`,
        ...(from === own ? ['out'] : ['in', 'fwd']).map((direction) => `${policy} dir ${direction} ${template}`),
      ];
    });
    lines.push(`address add ${inside[0]}/32 dev lo`, `route add ${inside[1]}/32 dev ${device} src ${inside[0]}`);
    run([...words, 'ip', '-batch', '-'], lines.join('\n'));
  }
  return async () => {
    for (const { words, own, inside } of ends) {
      const lines = ways.flatMap(({ from, to, inside: [source, destination], spi }) => [
        `xfrm state delete src ${from} dst ${to} proto esp spi ${spi}`,
        ...(from === own ? ['out'] : ['in', 'fwd']).map(
          (direction) => `xfrm policy delete src ${source}/32 dst ${destination}/32 dir ${direction}`,
        ),
      ]);
      lines.push(`route delete ${inside[1]}/32`, `address delete ${inside[0]}/32 dev lo`);
      run([...words, 'ip', '-batch', '-'], lines.join('\n'));
    }
  };
}

/**
 * @param {string} dir @param {readonly string[]} prefix runs a program in the far host
 * @param {boolean} kernel by its own WireGuard
 * @returns {Promise<TakeAway>}
 */
export async function makeWireguard(dir, prefix, kernel) {
  // Names are the machine's: `wireguard-go` puts a socket of that name into the file system.
  const name = `whb${randomBytes(4).toString('hex')}`;
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

/**
 * Both halves of a WireGuard tunnel between two `TunnelHosts`, what carrying them out takes, and the programs that do.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Ability, WireguardHalf } from '../../src/tunnel/half.ts';
import { KernelTunnels } from '../../src/tunnel/kernel.ts';
import { newPrivateKey, publicKeyOf } from '../../src/tunnel/wireguard/key.ts';
import { Netns } from './netns.ts';

/** What is missing for tunnels by `engine`, '' when they work; said once. */
export async function lackingWireguard(engine: 'kernel' | 'go'): Promise<string> {
  const missing = await lackOf(engine);
  if (missing !== '' && process.env['CI'] !== undefined) throw new Error(`nothing may be skipped on CI: ${missing}`);
  if (missing !== '') console.log(`skipped: ${missing}`);
  return missing;
}

async function lackOf(engine: 'kernel' | 'go'): Promise<string> {
  const root = Netns.missing();
  if (root !== undefined) return root;
  using room = Netns.create();
  using tunnels = new KernelTunnels({ namespace: room.namespace });
  const { wireguardKernel, wireguardGo, protection } = await tunnels.abilities();
  const needed: Ability[] = [protection, engine === 'go' ? wireguardGo : wireguardKernel];
  const [lack] = needed.flatMap((ability) => (ability.works ? [] : [ability.missing]));
  return lack ?? (hasWg() ? '' : 'the program wg');
}

function hasWg(): boolean {
  try {
    execFileSync('wg', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Interfaces of wireguard-go are named in one folder of the machine, so each tunnel has names of its own. */
const newName = (): string => `wht${randomBytes(4).toString('hex')}`;

export function wireguardHalves(engine: 'kernel' | 'go'): [WireguardHalf, WireguardHalf] {
  const keys = [newPrivateKey(), newPrivateKey()] as const;
  const presharedKey = randomBytes(32);
  const half = (own: 0 | 1, last: number, other: number): WireguardHalf => ({
    kind: 'wireguard',
    engine,
    name: newName(),
    privateKey: keys[own],
    listenPort: 51820,
    peer: {
      publicKey: publicKeyOf(keys[own === 0 ? 1 : 0]),
      presharedKey,
      endpoint: { address: `10.9.0.${other}`, port: 51820 },
    },
    overlay: { local: `100.65.0.${last + 1}`, remote: `100.65.0.${other + 1}` },
  });
  return [half(0, 1, 2), half(1, 2, 1)];
}

/** The wireguard-go of an interface. */
export function goProcess(name: string): number | undefined {
  const found = readdirSync('/proc').find((pid) => {
    const words = /^\d+$/.test(pid) ? commandOf(pid) : [];
    return words.includes('wireguard-go') && words.includes(name);
  });
  return found === undefined ? undefined : Number(found);
}

function commandOf(pid: string): string[] {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return command.split('\0').map((word) => word.replace(/^.*\//, ''));
  } catch {
    return [];
  }
}

/** As `wg` prints it. */
export const shown = (value: Buffer | string | number): string =>
  Buffer.isBuffer(value) ? value.toString('base64') : `${value}`;

/**
 * What the kernel that a test runs on can do: each part is tried once, in a namespace of its own. A test that needs what
 * is not there is skipped and says so; on CI, where the virtual machine has everything, that is a failure.
 */
import { execFileSync, type SpawnSyncReturns } from 'node:child_process';
import { Netns } from '../netns.ts';

/** One `ip`, `tc` or `nft` that works only with the part. */
const trials = {
  esp: 'ip xfrm state add src 10.9.9.1 dst 10.9.9.2 proto esp spi 0x100 mode tunnel aead rfc4106(gcm(aes)) KEY 128',
  wireguard: 'ip link add wh-try type wireguard',
  'xfrm-interface': 'ip link add wh-try type xfrm dev lo if_id 7',
  netem: 'tc qdisc add dev lo root netem delay 1ms',
  nf_tables: 'nft add table inet t; add chain inet t c { type filter hook output priority 0; }',
} as const;

export type KernelPart = keyof typeof trials;

/** @returns true when one of `parts` is missing; the reason has then been printed */
export function kernelLacks(...parts: readonly KernelPart[]): boolean {
  const reason = Netns.missing() ?? parts.map(lackOf).find((lack) => lack !== undefined);
  if (reason === undefined) return false;
  if (process.env['CI'] !== undefined) throw new Error(`nothing may be skipped on CI: ${reason}`);
  console.log(`skipped: ${reason}`);
  return true;
}

const lacks = new Map<KernelPart, string | undefined>();

function lackOf(part: KernelPart): string | undefined {
  if (!lacks.has(part)) lacks.set(part, tryPart(part));
  return lacks.get(part);
}

function tryPart(part: KernelPart): string | undefined {
  using room = Netns.create();
  const line = trials[part].replace('KEY', `0x${'33'.repeat(20)}`);
  const [program = '', ...words] = line.startsWith('nft ') ? ['nft', line.slice(4)] : line.split(' ');
  try {
    execFileSync('nsenter', [`--net=${room.path}`, program, ...words], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    const said = String((error as SpawnSyncReturns<Buffer>).stderr ?? error).trim();
    return `the kernel has not got ${part} (${said.split('\n')[0]})`;
  }
}

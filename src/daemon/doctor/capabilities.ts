/** Does the process hold the privileges that namespaces need? See capabilities(7). */
import { readFileSync } from 'node:fs';
import type { Check } from '../../spec/api.ts';
import { type Examine, fail, ok, warn } from './check.ts';

interface Need {
  /** Bit in the mask, linux/capability.h. */
  readonly bit: number;
  readonly name: string;
  readonly why: string;
  /** True when wormholes in namespaces cannot work without. */
  readonly vital: boolean;
}

const NEEDS: readonly Need[] = [
  { bit: 21, name: 'CAP_SYS_ADMIN', why: 'entering namespaces', vital: true },
  { bit: 19, name: 'CAP_SYS_PTRACE', why: "opening other processes' namespaces", vital: true },
  { bit: 12, name: 'CAP_NET_ADMIN', why: 'tunnels', vital: false },
  { bit: 10, name: 'CAP_NET_BIND_SERVICE', why: 'ports below 1024', vital: false },
  { bit: 0, name: 'CAP_CHOWN', why: 'the word owner', vital: false },
];

export const capabilities: Examine = () => [
  judge(effective(readFileSync('/proc/self/status', 'utf8')), process.geteuid?.() === 0),
];

/** @param root false for a daemon of an ordinary user, who does without */
export function judge(mask: bigint, root: boolean): Check {
  const name = 'capabilities';
  const missing = NEEDS.filter(({ bit }) => (mask & (1n << BigInt(bit))) === 0n);
  if (missing.length === 0) return ok(name, NEEDS.map((need) => need.name).join(' '));
  const detail = `missing ${missing.map((need) => `${need.name} (${need.why})`).join(', ')}`;
  if (!root) return warn(name, detail, 'an ordinary user has none; for what needs them run wormholed as root');
  const remedy = 'run wormholed as root, or with the unit from etc/wormholed.service';
  return missing.some(({ vital }) => vital) ? fail(name, detail, remedy) : warn(name, detail, remedy);
}

/** The effective set in /proc/PID/status. */
export function effective(status: string): bigint {
  const [, hex = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return BigInt(`0x${hex}`);
}

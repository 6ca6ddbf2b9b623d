/**
 * What in a policy gives a peer the machine, for whoever wants to know before somebody else finds out.
 *
 * Speaks of what rules name outright; what a container can do that was given more by its owner is not seen here.
 */
import { formatIp, isLoopback } from './ip.ts';
import { isSingle } from './ip-range.ts';
import { plainPath } from './path.ts';
import type { PlaceRule, Policy } from './policy.ts';
import { forbidden, type OwnGround } from './policy-forbidden.ts';

/** Flags that reach the host, its files or its kernel. */
const ROOT_FLAGS: ReadonlySet<string> = new Set([
  'volume',
  'mount',
  'privileged',
  'cap-add',
  'device',
  'security-opt',
  'network=host',
]);

/**
 * @param commandSockets paths of sockets that command this machine
 * @returns each in a few words, e.g. `run-flags volume`
 */
export function rootGrants(policy: Policy, own: OwnGround, commandSockets: readonly string[]): string[] {
  const { verbs, targets, runFlags } = policy;
  const flags = verbs.includes('docker-run') ? runFlags.filter((flag) => ROOT_FLAGS.has(flag)) : [];
  const sockets = new Set(commandSockets.map(plainPath));
  const opened = verbs.includes('dial') ? targets.flatMap((rule) => openedBy(rule, own, sockets)) : [];
  return [...flags.map((flag) => `run-flags ${flag}`), ...opened];
}

function openedBy({ range, ports, unix, container, label, netns }: PlaceRule, own: OwnGround, sockets: Set<string>) {
  if (unix !== undefined) return sockets.has(unix) && (container ?? label) === undefined ? [`target ${unix}`] : [];
  const [only, ...more] = ports ?? [];
  if (range === undefined || only === undefined || more.length > 0 || only.low !== only.high || !isSingle(range))
    return [];
  const elsewhere = (container ?? label ?? netns) !== undefined;
  if (elsewhere && isLoopback(range.bytes)) return [];
  const host = formatIp(range.bytes);
  const rule = forbidden({ kind: 'ip', host, port: only.low }, own, !elsewhere)?.rule;
  return rule === 'control-port' || rule === 'metadata' ? [`target ${host} port ${only.low} (${rule})`] : [];
}

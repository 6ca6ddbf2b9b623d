/**
 * Which `Host` headers are ours.
 *
 * A browser that was lured to a name which now resolves to this machine (DNS rebinding) sends that name; only names
 * that cannot be rebound are let in, whatever their spelling.
 */
import { isIPv4, isIPv6 } from 'node:net';

const ALWAYS = ['localhost', '127.0.0.1', '::1', 'wormhole', 'wormholed'];
const WILDCARDS = new Set(['0.0.0.0', '::', '']);

/** @param bound hosts of the control addresses that are listened on; wildcards among them allow nothing */
export function allowedHosts(bound: readonly string[]): ReadonlySet<string> {
  const named = bound.map(canonical).filter((host) => !WILDCARDS.has(host));
  return new Set([...ALWAYS, ...named]);
}

/** Host part of a `Host` header in canonical spelling, or undefined when it is malformed. */
export function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))(?::([0-9]{1,5}))?$/.exec(header);
  if (match === null) return undefined;
  const [, v6, name = '', port] = match;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  if (v6 !== undefined) return isIPv6(v6) ? canonical(v6) : undefined;
  return canonical(name);
}

/** Lower case, one trailing dot dropped, IPv6 in its shortest form, so that spellings cannot differ. */
function canonical(host: string): string {
  const lower = host.toLowerCase();
  if (isIPv4(lower)) return lower;
  if (isIPv6(lower)) return new URL(`http://[${lower}]`).hostname.slice(1, -1);
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

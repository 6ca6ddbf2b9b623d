/**
 * Whether addresses meet, after names and containers have been resolved: a target leads to a head, two heads want one listener.
 *
 * The planner refuses what can be seen in the spec; this sees two names of one namespace. Circles are seen by `courses.ts`.
 */

/** A bound or dialed IP address in a namespace. */
export interface Spot {
  readonly protocol: 'tcp' | 'udp';
  /** Kernel identity, e.g. `net:[4026531833]`. */
  readonly namespace: string;
  /** IP literal. */
  readonly host: string;
  readonly port: number;
}

/** True when a connection to `target` would be accepted by the listener at `head`. */
export function leadsTo(head: Spot, target: Spot): boolean {
  if (head.protocol !== target.protocol || head.namespace !== target.namespace || head.port !== target.port)
    return false;
  const listened = unmapped(head.host);
  // Dialing the unspecified address reaches the loopback one.
  const dialed = unspecified(unmapped(target.host));
  if (listened === dialed) return true;
  if (listened === '0.0.0.0') return dialed.startsWith('127.');
  return listened === '::' && dialed === '::1';
}

/** True when both cannot be listened on at once: the same port of the same or of all addresses. */
export function sharesListener(one: Spot, other: Spot): boolean {
  if (one.protocol !== other.protocol || one.namespace !== other.namespace || one.port !== other.port) return false;
  const [a, b] = [unmapped(one.host), unmapped(other.host)];
  if (a === b) return true;
  // IPv6 listeners never take IPv4 here, so the wildcards do not meet.
  const wildcard = a.includes(':') ? '::' : '0.0.0.0';
  return a.includes(':') === b.includes(':') && (a === wildcard || b === wildcard);
}

function unspecified(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** IPv4 in IPv6 disguise is IPv4. */
function unmapped(host: string): string {
  const lower = host.toLowerCase();
  return lower.startsWith('::ffff:') && lower.includes('.') ? lower.slice('::ffff:'.length) : lower;
}

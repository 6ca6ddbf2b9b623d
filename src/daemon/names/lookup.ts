/**
 * A name's addresses from the servers of a resolv.conf: which names are asked for, of whom, and how often.
 *
 * As the C library does it, except that A and AAAA are asked from two sockets, and that nothing answering at all ends
 * the search: another domain would be asked of the same silent servers.
 */
import { Deadline } from '../../lib/deadline.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { ask } from './ask.ts';
import { type AddressType, newQuery, type Reply } from './packet.ts';
import { candidates, type ResolverSettings } from './resolv-conf.ts';

export interface Lookup {
  /** Empty when there are none. */
  readonly addresses: readonly string[];
  /** Seconds. */
  readonly ttl: number;
  /** Why there are none, for people; '' when there are. */
  readonly reason: string;
}

/** Milliseconds that an IPv4 address waits for its IPv6 sisters: some servers never answer for AAAA. */
const graceMs = 200;

/** @param namespace where the servers are asked; borrowed. Rejects only when `signal` aborts. */
export async function lookup(
  name: string,
  settings: ResolverSettings,
  namespace: NetNamespace | undefined,
  signal: AbortSignal,
  port?: number,
): Promise<Lookup> {
  const asking = { ...settings, namespace, ...(port !== undefined && { port }) };
  const names = candidates(name, settings);
  let reason = names.length === 0 ? 'it is no valid DNS name' : 'no such name';
  for (const candidate of names) {
    const { four, six } = await bothFamilies((type, life) => askServers(candidate, type, asking, life), signal);
    const found = [four, six].filter((reply) => reply.kind === 'addresses');
    if (found.length > 0) {
      const addresses = found.flatMap((reply) => reply.addresses);
      return { addresses, ttl: Math.min(...found.map((reply) => reply.ttl)), reason: '' };
    }
    if (four.kind === 'failed') {
      reason = four.reason;
      if (six.kind === 'failed' && four.reason === 'no answer') break;
    } else if (four.kind === 'none' && four.exists && reason === 'no such name') {
      reason = 'the name has no address';
    }
  }
  return { addresses: [], ttl: 0, reason };
}

/** Asks for both at once; what is not there a moment after an IPv4 address is not waited for. */
async function bothFamilies(
  askFor: (type: AddressType, signal: AbortSignal) => Promise<Reply>,
  signal: AbortSignal,
): Promise<{ four: Reply; six: Reply }> {
  using life = new Deadline(Infinity, signal);
  const late = (): Reply => ({ kind: 'failed', reason: 'no answer' });
  const asked = askFor('AAAA', life.signal).catch(late);
  const four = await askFor('A', signal);
  if (four.kind !== 'addresses') return { four, six: await asked };
  const grace = setTimeout(() => life.abort(new DOMException('IPv4 is enough', 'AbortError')), graceMs);
  const six = await asked;
  clearTimeout(grace);
  return { four, six };
}

/** Goes through the servers, round after round, until one says something. */
async function askServers(
  name: string,
  type: AddressType,
  settings: ResolverSettings & { readonly namespace: NetNamespace | undefined; readonly port?: number },
  signal: AbortSignal,
): Promise<Reply> {
  let last: Reply = { kind: 'failed', reason: 'no server' };
  for (let round = 0; round < settings.attempts; round++) {
    for (const server of settings.servers) {
      last = await ask(server, newQuery(name, type), settings, signal);
      if (last.kind !== 'failed') return last;
    }
  }
  return last;
}

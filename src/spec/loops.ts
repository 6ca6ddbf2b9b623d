/**
 * Finds wormholes that would connect to themselves, as far as addresses alone tell.
 *
 * Every head of a plan is a node; an edge goes to a head that a target's address reaches, or that a link carries
 * the connection to. A cycle is refused. What only the running system knows (a name that resolves to this host,
 * two names of one container, a peer that is oneself) is for the hop count to end.
 */
import { WormholeError } from '../lib/errors.ts';
import { formatAddress } from './address.ts';
import { headPlace } from './explain-place.ts';
import { invalid } from './invalid.ts';
import { isLoopback, isUnspecified, parseIp, unmapped } from './ip.ts';
import { plainPath } from './path.ts';
import type { HeadPlan, NamespaceRef, SegmentPlan, TargetPlan } from './plan.ts';

interface Station {
  /** Which daemon it runs on: the peers on the way, joined. */
  readonly machine: string;
  readonly plan: SegmentPlan;
  readonly depth: number;
}

/** @throws {WormholeError} WH_ERR_SELF_PROXY; WH_ERR_SPEC_INVALID when two heads want the same address */
export function refuseLoops(first: SegmentPlan): void {
  const stations = stationsOf(first);
  for (const start of stations) {
    if (!leadsTo(start, start, stations, new Set())) continue;
    const remedy = 'give the tail another address or namespace (docker-ns)';
    throw new WormholeError(
      'WH_ERR_SELF_PROXY',
      `what enters at ${headPlace(start.plan.head)} would come back there; ${remedy}`,
      {
        detail: { word: 'url', segment: start.depth },
      },
    );
  }
  for (const one of stations) {
    for (const other of stations.slice(0, one.depth)) {
      if (listens(one) && listens(other) && reaches(one, place(one, one.plan.head, 'head'), one.plan.head, other)) {
        const where = headPlace(one.plan.head);
        throw invalid(`two heads of this spec listen on ${where}; give one of them another port`, {
          word: 'url',
          segment: one.depth,
          part: 'head',
        });
      }
    }
  }
}

function stationsOf(first: SegmentPlan): Station[] {
  const stations: Station[] = [];
  let machine = '';
  for (let plan: SegmentPlan | undefined = first; plan !== undefined; plan = plan.link?.segment) {
    stations.push({ machine, plan, depth: stations.length });
    if (plan.link?.peer !== undefined) machine += `>${formatAddress(plan.link.peer)}`;
  }
  return stations;
}

/** Whether a connection that enters at `from` can arrive at the head of `goal`. */
function leadsTo(from: Station, goal: Station, stations: readonly Station[], seen: Set<Station>): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  return stations
    .filter((station) => isNext(from, station))
    .some((station) => station === goal || leadsTo(station, goal, stations, seen));
}

function isNext(from: Station, to: Station): boolean {
  if (from.plan.link?.peer !== undefined && to.depth === from.depth + 1) return true;
  return from.plan.tail.targets.some(
    (target, index) => listens(to) && reaches(from, place(from, target, index), target, to),
  );
}

/** A head on a peer has no address that could be compared here. */
function listens({ plan }: Station): boolean {
  return plan.head.arrival === undefined;
}

/** Whether `address`, in the namespace `where` of the daemon of `from`, is the head of `to`. */
function reaches(from: Station, where: string, address: HeadPlan | TargetPlan, to: Station): boolean {
  const { head } = to.plan;
  if (from.machine !== to.machine || where !== place(to, head, 'head') || address.protocol !== head.protocol)
    return false;
  if (head.protocol === 'unix') return plainPath(head.path ?? '') === plainPath(address.path ?? '');
  return head.port !== 0 && head.port === address.port && covers(head.host, address.host);
}

/** A name for a namespace that is equal for equal ones; a started container is known by who starts it. */
function place({ depth }: Station, { namespace }: { readonly namespace: NamespaceRef }, end: number | 'head'): string {
  if (namespace.kind !== 'run') return JSON.stringify(namespace);
  return namespace.of === 'parent' ? `run ${depth - 1} 0` : `run ${depth} ${end}`;
}

/** Whether a listener on `head` gets what is sent to `host`. */
function covers(head: string, host: string): boolean {
  if (head.toLowerCase() === host.toLowerCase()) return true;
  const heads = literals(head);
  const hosts = literals(host);
  return heads.some((a) => hosts.some((b) => coversBytes(a, b)));
}

function coversBytes(head: readonly number[], host: readonly number[]): boolean {
  if (head.join() === host.join()) return true;
  // A listener on :: takes IPv4 as well.
  const family = head.length === host.length || head.length === 16;
  return family && isUnspecified(head) && (isLoopback(host) || isUnspecified(host));
}

function literals(host: string): Array<readonly number[]> {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return [[127, 0, 0, 1], parseIp('::1') ?? []];
  const bytes = parseIp(host);
  return bytes === undefined ? [] : [unmapped(bytes)];
}

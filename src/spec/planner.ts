/**
 * The planner: chain → plan, with every default filled in and everything refused that cannot work.
 *
 * A fold from the first segment to the last: each hands the next what it inherits ({@link Inherited}). Pure: the
 * same chain gives the same plan, on any machine.
 */
import type { Chain, Segment } from './chain.ts';
import { format } from './format.ts';
import { refuseLoops } from './loops.ts';
import { parse } from './parse.ts';
import type { LinkPlan, Plan, RestOfSpec, SegmentPlan, TargetPlan } from './plan.ts';
import { type Inherited, planHead, top } from './plan-head.ts';
import { checkOptions } from './plan-options.ts';
import { chainTarget, inheritTail, mergeMembers, planTail, planTargets, refuseTailBeforePeer } from './plan-tail.ts';

/**
 * Plans a chain.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID with the `word`, `segment` and `part` in `detail`; WH_ERR_SELF_PROXY
 */
export function plan(chain: Chain): Plan {
  return planFrom(chain, top);
}

/** The chain behind a link to this daemon, as a peer tells it. @throws {WormholeError} as {@link parse} does */
export function chainOfRest({ words }: RestOfSpec): Chain {
  if (words.length > 0) return parse(words);
  return { labels: {}, segment: { head: {}, headOptions: {}, tail: [], tailOptions: {} } };
}

/**
 * Plans the part of a spec that runs here, behind a link from a peer: nothing listens for its first head, or, through a tunnel,
 * what listens on this end's own address.
 *
 * @param overlay that address
 * @throws {WormholeError} as {@link plan} does
 */
export function planOfRest(chain: Chain, { protocol, port }: RestOfSpec, overlay?: string): Plan {
  const via = overlay === undefined ? 'remote' : 'tunnel';
  const here = { via, segment: 0, protocol, host: '', namespace: { kind: 'host' } } as const;
  const made = planFrom(chain, { ...here, ...(port !== undefined && { port }) });
  if (overlay === undefined) return made;
  const { segment } = made;
  return { ...made, segment: { ...segment, head: { ...segment.head, host: overlay } } };
}

function planFrom(chain: Chain, inherited: Inherited): Plan {
  const segment = planSegment(chain.segment, inherited);
  refuseLoops(segment);
  return {
    ...(chain.id !== undefined && { id: chain.id }),
    labels: chain.labels,
    segment,
  };
}

function planSegment(segment: Segment, inherited: Inherited): SegmentPlan {
  const head = planHead(segment, inherited);
  const own = segment.head.url?.port ?? 0;
  const here: Inherited = { ...inherited, ...(own > 0 && { port: own }) };
  checkOptions(segment, head, here);
  const members = mergeMembers(segment, here);
  const { link } = segment;
  if (link === undefined) return { head, tail: planTail(segment, planTargets(members, head, here)) };

  const next = { ...here, segment: here.segment + 1 };
  const planLink = (rest: Inherited): LinkPlan => ({
    kind: link.kind,
    lazy: segment.trigger !== undefined,
    ...(link.peer !== undefined && { peer: link.peer, rest: restOf(link.segment, head, here) }),
    segment: planSegment(link.segment, rest),
  });
  let targets: readonly TargetPlan[] = [];
  let plannedLink: LinkPlan;
  switch (link.kind) {
    case 'child':
      targets = planTargets(members, head, here);
      plannedLink = planLink({ ...next, ...inheritTail(targets, here), via: 'child' });
      break;
    case 'chain': {
      const [member = {}, ...others] = members;
      const tail = chainTarget(member, others, head, here);
      plannedLink = planLink({ ...next, ...inheritTail([tail], here), via: 'chain' });
      targets = [joinChain(tail, plannedLink.segment)];
      break;
    }
    case 'remote':
    case 'tunnel':
    case 'udptunnel':
      refuseTailBeforePeer(members, link.kind, here);
      plannedLink = planLink({
        ...next,
        via: link.kind,
        protocol: head.protocol,
        host: '',
        namespace: { kind: 'host' },
      });
  }
  return { head, tail: planTail(segment, targets), link: plannedLink };
}

function restOf(segment: Segment, { protocol }: SegmentPlan['head'], { port }: Inherited): RestOfSpec {
  return { words: format({ labels: {}, segment }), protocol, ...(port !== undefined && { port }) };
}

/** Where a head is dialed that listens on every address. */
const anywhere: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** This tail dials the next head: its address, in the namespace that both have. */
function joinChain(tail: TargetPlan, { head }: SegmentPlan): TargetPlan {
  return {
    protocol: head.protocol,
    namespace: head.namespace.kind === 'run' ? tail.namespace : head.namespace,
    host: anywhere.get(head.host) ?? head.host,
    port: head.port,
    ...(head.path !== undefined && { path: head.path }),
    ...(tail.run !== undefined && { run: tail.run }),
  };
}

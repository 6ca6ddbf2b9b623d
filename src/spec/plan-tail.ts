/**
 * Plans where connections end: the pool of targets, each complete, and the tail's options with their defaults.
 */
import type { EndpointSpec, Segment } from './chain.ts';
import { formatHost } from './host.ts';
import { invalid, type SpecPlace } from './invalid.ts';
import { isUnspecified, parseIp } from './ip.ts';
import type { HeadPlan, LinkKind, ReadyProbe, TailPlan, TargetPlan } from './plan.ts';
import { type Inherited, isDatagram, namespaceWord, ownNamespace, top } from './plan-head.ts';
import { mergeUrl } from './url.ts';

/** Milliseconds to reach a target, all attempts of one connection together. */
const CONNECT_TIMEOUT_MS = 5 * 1000;

/** Milliseconds from trigger to ready. */
const READY_TIMEOUT_MS = 60 * 1000;

/** The pool as said: `trigger` continues the target that `tail` began. */
export function mergeMembers(segment: Segment, here: Inherited): readonly EndpointSpec[] {
  const [first, ...others] = segment.tail;
  const [later, ...more] = segment.trigger ?? [];
  if (first === undefined) return segment.trigger ?? [];
  if (later === undefined) return segment.tail;
  if (others.length + more.length > 0) {
    throw invalid('a pool is written in the tail or in the trigger, not in both', placeIn(here, 'also'));
  }
  const url = first.url === undefined ? later.url : mergeUrl(first.url, later.url ?? {});
  return [{ ...first, ...later, ...(url !== undefined && { url }) }];
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function planTargets(members: readonly EndpointSpec[], head: HeadPlan, here: Inherited): TargetPlan[] {
  const all = members.length === 0 ? [{}] : members;
  if (all.length > 1 && all.some(({ connect }) => connect !== undefined)) {
    throw invalid('connect cannot be a member of a pool; the client names one destination', placeIn(here, 'connect'));
  }
  return all.map((member) =>
    member.connect === undefined ? planTarget(member, head, here) : planConnect(member, head, here),
  );
}

function planTarget(member: EndpointSpec, head: HeadPlan, here: Inherited): TargetPlan {
  const place = placeIn(here, 'url');
  const base = whereTo(member, head, here);
  if (base.protocol === 'unix') {
    const path = member.url?.path;
    if (path === undefined) throw invalid('the target needs an address; write url unix:///PATH or url :PORT', place);
    return { ...base, path };
  }
  const port = member.url?.port ?? here.port;
  if (port !== undefined && port > 0) return { ...base, port };
  throw invalid('the target has no port and no head gives one; write tail url :PORT', { ...place, word: 'tail' });
}

/** Protocol, namespace and host of a target; its port is 0 still. */
function whereTo(member: EndpointSpec, head: HeadPlan, here: Inherited): TargetPlan {
  const { url = {} } = member;
  const address = url.host !== undefined || (url.port ?? here.port) !== undefined;
  const protocol = url.protocol ?? (head.protocol === 'unix' && address ? 'tcp' : head.protocol);
  if (isDatagram(protocol) !== isDatagram(head.protocol)) {
    const reason = 'datagrams and streams cannot be joined';
    throw invalid(
      `${head.protocol} to ${protocol}: ${reason}; use udp:// for both or for neither`,
      placeIn(here, 'url'),
    );
  }
  const host = protocol === 'unix' ? '' : (url.host ?? top.host);
  const bytes = parseIp(host);
  if (bytes !== undefined && isUnspecified(bytes)) {
    throw invalid(`${formatHost(host)} is no address to connect to; write 127.0.0.1 or a host`, placeIn(here, 'url'));
  }
  const namespace = ownNamespace(member) ?? { kind: 'host' as const };
  const run = member.run === undefined ? {} : { run: { words: member.run } };
  return { protocol, namespace, host, port: 0, ...run };
}

function planConnect(member: EndpointSpec, head: HeadPlan, here: Inherited): TargetPlan {
  const { url = {}, connect } = member;
  if (isDatagram(head.protocol)) throw invalid('connect needs a stream; the head is udp', placeIn(here, 'connect'));
  if (connect === undefined || (url.protocol ?? 'tcp') !== 'tcp' || url.host !== undefined || url.port !== undefined) {
    throw invalid(
      'connect and an address contradict each other; the client names the destination',
      placeIn(here, 'url'),
    );
  }
  const { run, namespace } = whereTo({ ...member, url: { protocol: 'tcp', ...url } }, head, here);
  return { protocol: 'tcp', namespace, host: '', port: 0, ...(run !== undefined && { run }), connect };
}

/** The tail before `chain`: everything but its port, which is the next head's. */
export function chainTarget(
  member: EndpointSpec,
  others: readonly EndpointSpec[],
  head: HeadPlan,
  here: Inherited,
): TargetPlan {
  if (others.length > 0)
    throw invalid('chain needs one tail and this is a pool; leave also out', placeIn(here, 'also'));
  if (member.connect !== undefined)
    throw invalid('connect leads elsewhere than to chain; leave one out', placeIn(here, 'connect'));
  if (member.url?.port !== undefined || member.url?.path !== undefined) {
    throw invalid(
      'before chain a tail has no port or path, it takes those of the next head; leave it out',
      placeIn(here, 'url'),
    );
  }
  return whereTo(member, head, here);
}

/** What the next head takes from this tail: namespace, host, protocol. */
export function inheritTail(
  targets: readonly TargetPlan[],
  here: Inherited,
): Pick<Inherited, 'namespace' | 'host' | 'protocol'> {
  const said = targets.map(
    ({ namespace, host, protocol, connect }): Pick<Inherited, 'namespace' | 'host' | 'protocol'> => ({
      protocol,
      host: connect === undefined ? host : top.host,
      namespace: namespace.kind === 'run' ? { kind: 'run', of: 'parent' } : namespace,
    }),
  );
  const [first] = said;
  const ambiguous =
    new Set(said.map((one) => JSON.stringify(one))).size > 1 || (said.length > 1 && first?.namespace.kind === 'run');
  if (first === undefined || ambiguous) {
    throw invalid('a child has one place to listen and this pool has several; leave also out', placeIn(here, 'also'));
  }
  return first;
}

/** Before a peer the tail says nothing: the connection goes to the peer. */
export function refuseTailBeforePeer(members: readonly EndpointSpec[], kind: LinkKind, here: Inherited): void {
  const [member] = members;
  if (member === undefined) return;
  const word = ownNamespace(member) === undefined ? 'url' : namespaceWord(member);
  const place = placeIn(here, member.connect === undefined ? word : 'connect');
  throw invalid(
    `a target before ${kind} is never reached, the connection goes to the peer; put it after ${kind}`,
    place,
  );
}

/** @param targets empty when a peer takes the connection */
export function planTail(segment: Segment, targets: readonly TargetPlan[]): TailPlan {
  const { tailOptions: options, trigger } = segment;
  // `tail docker-ns x trigger …`: the container was named as eager, only the rest is lazy.
  const eager = segment.tail.some((member) => ownNamespace(member) !== undefined);
  const idle = (options.idleMs ?? 0) > 0;
  const starts = trigger !== undefined || idle || targets.some(({ run }) => run !== undefined);
  const ready = options.ready ?? (starts && targets.length > 0 ? defaultProbe(targets) : undefined);
  return {
    lazy: trigger !== undefined && !eager,
    targets,
    balance: options.balance ?? 'rr',
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    ...(options.proxyProtocol !== undefined && { proxyProtocol: options.proxyProtocol }),
    ...(options.auth !== undefined && { auth: options.auth }),
    ...(ready !== undefined && { ready }),
    readyTimeoutMs: options.timeoutMs ?? READY_TIMEOUT_MS,
    idleMs: options.idleMs ?? 0,
    onIdle: options.onIdle ?? 'stop',
  };
}

/** A client's destination is not known yet. */
function defaultProbe(targets: readonly TargetPlan[]): ReadyProbe {
  const probed = targets.every(({ connect }) => connect === undefined);
  return probed ? { kind: 'tcp', byDefault: true } : { kind: 'none' };
}

function placeIn({ segment }: Inherited, word: string): SpecPlace {
  return { word, segment, part: 'tail' };
}

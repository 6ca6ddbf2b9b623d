/**
 * The first check of a plan that a peer asks for: all that is known before anything is resolved or started, so that a
 * refusal costs nothing and wakes nobody.
 *
 * What passes is not allowed yet: containers are judged when they are found, addresses when they are dialed.
 */
import { CONTROL_PORT, formatAddress } from './address.ts';
import { parseIp } from './ip.ts';
import { inRange, isSingle } from './ip-range.ts';
import type { HeadPlan, LinkPlan, NamespaceRef, PeerAddress, RunPlan, SegmentPlan, TargetPlan } from './plan.ts';
import { type Denial, missingVerb, type PlaceRule, type Policy } from './policy.ts';
import { checkDial, checkListen } from './policy-dial.ts';
import type { OwnGround } from './policy-forbidden.ts';
import { isAboutContainers, type Spot } from './policy-place.ts';
import { judgeRun } from './policy-run.ts';
import { recipeOf } from './recipe/recipe.ts';

/** @returns the first thing that is not allowed; undefined when there is none @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function judgePlan(plan: SegmentPlan, policy: Policy, own: OwnGround): Denial | undefined {
  const { head, tail, link } = plan;
  return (
    judgeHead(head, policy, own) ??
    judgeAuth(tail.auth) ??
    first(tail.targets, (target) => judgeTarget(target, policy, own)) ??
    (link === undefined ? undefined : judgeLink(link, policy, own))
  );
}

/** May a wormhole go on to this peer? A name is judged for what it is resolved to, by {@link checkPeer}. */
export function judgePeer(peer: PeerAddress, policy: Policy, own: OwnGround): Denial | undefined {
  const name = formatAddress(peer);
  if (peer.kind === 'unix') return checkPeer(peer, '', policy, own);
  const host = peer.kind === 'name' ? peer.name : peer.host === '' ? '127.0.0.1' : peer.host;
  if (parseIp(host) !== undefined) return checkPeer(peer, host, policy, own);
  const missing = missingVerb(policy, 'dial', `going on to ${name}`);
  // A range may hold what the name means.
  if (missing !== undefined || namesPeer(peer, policy) || policy.targets.some(({ range }) => range !== undefined)) {
    return missing;
  }
  return { rule: 'targets', reason: `going on to ${name}: none of its targets is that` };
}

/** @param host an address of the peer, a literal, just before it is dialed; '' for `unix` */
export function checkPeer(peer: PeerAddress, host: string, policy: Policy, own: OwnGround): Denial | undefined {
  if (peer.kind === 'unix') return checkDial(hostSpot({ protocol: 'unix', path: peer.path }), policy, own);
  const port = peer.kind === 'tcp' ? peer.port : CONTROL_PORT;
  const targets = namesPeer(peer, policy) ? [...policy.targets, any] : policy.targets;
  return checkDial(hostSpot({ protocol: 'tcp', host, port }), { ...policy, targets }, own);
}

/** The containers that a plan names and that this machine enters for it, in order; `list`: what for. */
export function namedContainers(
  plan: SegmentPlan,
): ReadonlyArray<{ readonly container: string; readonly list: 'targets' | 'listen' }> {
  const { head, tail, link } = plan;
  const heads = head.arrival === undefined ? [{ namespace: head.namespace, list: 'listen' as const }] : [];
  const tails = tail.targets.map(({ namespace }) => ({ namespace, list: 'targets' as const }));
  const here = [...heads, ...tails].flatMap(({ namespace, list }) =>
    namespace.kind === 'container' ? [{ container: namespace.container, list }] : [],
  );
  return link === undefined || link.peer !== undefined ? here : [...here, ...namedContainers(link.segment)];
}

const any: PlaceRule = { any: true };

function namesPeer(peer: PeerAddress, { targets }: Policy): boolean {
  return targets.some((rule) => rule.any === true || rule.peer?.test(formatAddress(peer)) === true);
}

function judgeHead(head: HeadPlan, policy: Policy, own: OwnGround): Denial | undefined {
  // What comes out of a carrier or a tunnel listens on nothing that others could reach.
  if (head.arrival !== undefined) return undefined;
  return (
    missingVerb(policy, 'listen', 'listening') ??
    judgeNamespace(head.namespace, policy, policy.listen, 'listen') ??
    judgeStart(head.run, policy, own) ??
    judgeKnown(head, policy, own, checkListen)
  );
}

function judgeTarget(target: TargetPlan, policy: Policy, own: OwnGround): Denial | undefined {
  return (
    missingVerb(policy, 'dial', 'dialing') ??
    judgeNamespace(target.namespace, policy, policy.targets, 'targets') ??
    judgeStart(target.run, policy, own) ??
    (target.connect === undefined ? judgeKnown(target, policy, own, checkDial) : undefined)
  );
}

/** Files of this machine are its own people's to name: what is said of a bad one would tell a peer about any. */
function judgeAuth(auth: string | undefined): Denial | undefined {
  if (auth === undefined) return undefined;
  return { rule: 'host-file', reason: 'auth names a file of this machine; make the wormhole here, and lead to it' };
}

/** A container's name may be an id, or somebody else's by the time; but without any rule about containers none is allowed. */
function judgeNamespace(
  namespace: NamespaceRef,
  policy: Policy,
  rules: readonly PlaceRule[],
  rule: 'targets' | 'listen',
): Denial | undefined {
  if (namespace.kind !== 'container') return undefined;
  const what = `entering container ${namespace.container}`;
  const missing = missingVerb(policy, 'docker-ns', what);
  if (missing !== undefined || rules.some(isAboutContainers)) return missing;
  return { rule, reason: `${what}: none of its ${rule} is about containers` };
}

function judgeStart(run: RunPlan | undefined, policy: Policy, own: OwnGround): Denial | undefined {
  return run === undefined ? undefined : judgeRun(recipeOf(run.words), policy, own);
}

/** An address of the host that stands in the plan as a literal is known already. */
function judgeKnown(
  { protocol, namespace, host, port, path }: HeadPlan | TargetPlan,
  policy: Policy,
  own: OwnGround,
  check: typeof checkDial,
): Denial | undefined {
  const spot = { protocol, host, port, ...(path !== undefined && { path }) };
  if (protocol === 'unix') {
    if (namespace.kind === 'container' || namespace.kind === 'run') return undefined;
    return check(hostSpot(spot), policy, own);
  }
  const bytes = parseIp(host.split('%')[0] ?? '');
  if (bytes === undefined) return undefined;
  if (namespace.kind === 'host') return check(hostSpot(spot), policy, own);
  // Which namespace that is, is not known yet; but what is denied in all of them is, unless a rule speaks of it.
  if (policy.targets.some(({ range }) => range !== undefined && isSingle(range) && inRange(range, bytes)))
    return undefined;
  return check({ ...hostSpot(spot), namespace: { kind: 'other', name: 'of the target' } }, open(policy), own);
}

function judgeLink({ kind, peer, segment }: LinkPlan, policy: Policy, own: OwnGround): Denial | undefined {
  if (kind === 'child' || kind === 'chain') return judgePlan(segment, policy, own);
  const missing = kind === 'remote' ? undefined : missingVerb(policy, 'tunnel', `a ${kind}`);
  if (missing !== undefined || peer === undefined) return missing;
  // What lies beyond is judged by the peer that it runs on.
  return judgePeer(peer, kind === 'remote' ? policy : { ...policy, verbs: [...policy.verbs, 'dial'] }, own);
}

/** The policy with nothing left of its lists but what is denied always. */
function open(policy: Policy): Policy {
  return { ...policy, targets: [...policy.targets, any], listen: [...policy.listen, any] };
}

function hostSpot({ host = '', port = 0, ...rest }: Partial<Spot> & Pick<Spot, 'protocol'>): Spot {
  return { host, port, ...rest, namespace: { kind: 'host' } };
}

function first<T>(list: readonly T[], judge: (one: T) => Denial | undefined): Denial | undefined {
  for (const one of list) {
    const denied = judge(one);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

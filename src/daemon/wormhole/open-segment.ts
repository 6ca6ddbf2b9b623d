/**
 * Building a segment: route, targets, containers, child, head, in this order, so that its first client already finds a
 * target.
 *
 * Everything is made in a temporary scope: a failed attempt leaves nothing. *Eager* is a create, where a person waits
 * for an answer and whatever does not work is an error; otherwise it is made again from memory, and what does not
 * work yet is its status.
 */
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { DataPlane, Route } from '../../proxy/route.ts';
import type { SegmentPlan } from '../../spec/plan.ts';
import { Activation } from '../activator/activation.ts';
import { resumeIfRunning } from '../activator/end-unused.ts';
import type { Workload } from '../activator/workload.ts';
import type { Surroundings } from '../surroundings.ts';
import { Arrival } from './arrival.ts';
import { Child, hangsOn } from './child.ts';
import type { Course } from './courses.ts';
import { identityKey } from './endpoint.ts';
import { type FollowedMember, followMember, isActivated, workloadsOf } from './followed-member.ts';
import type { Hanging } from './hanging.ts';
import { Head } from './head.ts';
import { explainConflict } from './holder.ts';
import { targetLabel } from './labels.ts';
import { Member } from './member.ts';
import { checkAuth, clientsPermit } from './named-destination.ts';
import { placeHead } from './place-head.ts';
import { backToWhoAsked, remoteRest } from './remote/remote-of.ts';
import { routeOptions } from './route-options.ts';
import { Segment } from './segment.ts';
import type { SegmentOptions } from './segment-options.ts';
import { segmentSteps } from './steps.ts';
import { Tail } from './tail.ts';

/** Removing what a failed attempt made, when its own signal has ended. */
const UNDO_MS = 30_000;

/** @throws {WormholeError} when eager, whatever keeps it from working */
export async function openSegment(options: SegmentOptions): Promise<Segment> {
  const { record, plan, depth, surroundings, eager, log, onChange, permit } = options;
  // What outlives the attempt must not hang on a signal that is not its own.
  using asked = new Deadline(Number.POSITIVE_INFINITY, options.signal);
  await using attempt = new Scope(`create ${record.id}`, asked.signal);
  const { signal } = attempt;

  let head: Head | Arrival | undefined;
  const course = attempt.use(surroundings.courses.open(record));
  const named = plan.tail.targets.some(({ connect }) => connect !== undefined);
  if (named && eager) checkAuth(plan.tail);
  const dial = named ? clientsPermit(permit, surroundings.policies.clients) : permit?.dial;
  const base = { surroundings, course, ...(dial !== undefined && { permit: dial }) };
  const members = plan.tail.targets.map(
    (target, index) => new Member({ ...base, index, plan: target, label: targetLabel(target) }),
  );
  const followed: FollowedMember[] = [];
  const rest = remoteRest(options, () => tail);
  const far = backToWhoAsked(options) ?? rest?.member;
  const child = rest ?? (far === undefined ? childOf(options, () => tail) : undefined);
  const steps = segmentSteps({ plan: plan.tail, followed, tail: () => tail, child, surroundings });
  const activation = isActivated(plan)
    ? new Activation({
        workloads: () => workloadsOf(followed),
        steps,
        timeoutMs: plan.tail.readyTimeoutMs,
        log,
        onChange,
      })
    : undefined;
  for (const part of [activation, rest?.underway]) if (part !== undefined) options.onUnderway?.(part);
  const { connectTimeoutMs } = plan.tail;
  const tail: Tail = new Tail({
    members: far === undefined ? members : [far],
    connectTimeoutMs,
    onChange,
    lookAgain: (container, its) => resumeIfRunning(container, surroundings, its),
    ...(activation !== undefined && { activation }),
  });
  const route = attempt.use(
    await planeFor(plan, surroundings).open(
      routeOptions(record.id, plan, { tail, activation, members }, log, surroundings.maxConns),
    ),
  );
  tail.serve(route);
  head = headOf(options, route, course);

  let made = false;
  const workloads: Workload[] = [];
  // Of a failed create, containers go as well; what is remembered keeps its own.
  attempt.defer(() => (made || !eager ? undefined : removeAll(workloads, child)));
  if (child !== undefined) attempt.use(child);
  const following = attempt.use(new Scope(`follow ${record.id}`));
  following.use(head);
  following.use(tail);
  for (const member of members) {
    const one = await followMember(member, { ...options, tail, route, activation, following, lasting: attempt });
    followed.push(one);
    if (one.workload !== undefined) workloads.push(one.workload);
    signal.throwIfAborted();
    if (eager) refuseMissing(member, activation);
  }
  if (activation !== undefined) following.use(activation);
  const abandon = async (): Promise<void> => {
    activation?.abandon();
    await Promise.all([head?.abandon(), child?.settle()]);
  };
  const giveUp = (): void => void abandon();
  signal.addEventListener('abort', giveUp, { once: true });
  if (eager && !plan.tail.lazy) await makeNow({ plan, tail, activation, child, workloads, signal });
  else if (!eager) await makeAgain({ plan, tail, activation, child, workloads, signal });

  const follower =
    head instanceof Arrival
      ? undefined
      : await placeHead({ ...options, head, tail, course, following, workloads, signal });
  signal.throwIfAborted();
  if (eager) {
    if (head.failure !== undefined) throw explainConflict(head, options.holderOf);
    const failing = members.find((member) => member.here && member.failure !== undefined);
    if (failing !== undefined) throw failing.failure;
  }
  signal.removeEventListener('abort', giveUp);
  // First thing when it closes, so that no follower waits for a head that still tries.
  following.defer(abandon);
  made = true;
  const scope = new Scope(`segment ${depth} of ${record.id}`);
  attempt.moveTo(scope);
  const followers = new Map(followed.map(({ member, follower: its }) => [identityKey(member.plan), its]));
  if (follower !== undefined) followers.set(identityKey(plan.head), follower);
  return new Segment({ plan, head, tail, route, activation, workloads, child, followers, following, scope });
}

function headOf(options: SegmentOptions, route: Route, course: Course): Head | Arrival {
  const { plan, depth, record, surroundings, onChange, permit } = options;
  if (plan.head.arrival === 'carrier') return new Arrival(route, (its) => surroundings.abroad.arrive(record.id, its));
  const port = depth === 0 ? (record.port ?? 0) : 0;
  // The overlay address is this end's own: what may listen there the verb `tunnel` says.
  const free = permit === undefined || plan.head.arrival === 'overlay';
  const allowed = free ? {} : { permit: permit.listen };
  const onSpot: Course['listens'] = (spot) => course.listens(spot);
  return new Head({ plan: plan.head, port, route, surroundings, onSpot, onChange, ...allowed });
}

/** Node streams where a connection comes from a peer, goes to one, or is asked where it wants to go; spliced sockets elsewhere. */
function planeFor({ head, tail, link }: SegmentPlan, { plane, abroad }: Surroundings): Pick<DataPlane, 'open'> {
  const named = tail.targets.some(({ connect }) => connect !== undefined);
  return named || head.arrival === 'carrier' || link?.kind === 'remote' ? abroad.plane : plane;
}

function childOf(options: SegmentOptions, tail: () => Tail): Child | undefined {
  const { plan, depth } = options;
  const { link } = plan;
  if (link === undefined) return undefined;
  const hanging = hangsOn(plan.tail.targets[0], link);
  const { parent: _ours, ...rest } = options;
  return new Child(hanging, (signal, eager) =>
    openSegment({
      ...rest,
      plan: link.segment,
      depth: depth + 1,
      ...(hanging && { parent: tail() }),
      eager,
      signal,
    }),
  );
}

/** Of a tail that waits for its trigger a container may be stopped, but it must be one. */
function refuseMissing({ failure }: Member, activation: Activation | undefined): void {
  const stopped = WormholeError.is(failure) && failure.code === 'WH_ERR_CONTAINER_STOPPED';
  if (failure !== undefined && !(stopped && activation !== undefined)) throw failure;
}

interface MakeOptions {
  readonly plan: SegmentPlan;
  readonly tail: Tail;
  readonly activation: Activation | undefined;
  readonly child: Hanging | undefined;
  readonly workloads: readonly Workload[];
  readonly signal: AbortSignal;
}

/** What does not wait for a connection. */
async function makeNow({ tail, activation, child, signal }: MakeOptions): Promise<void> {
  if (activation === undefined) {
    await child?.ensure(signal, true);
    return;
  }
  // Nobody waits for the connection by which it was found ready.
  (await activation.ensure(signal))?.socket?.[Symbol.dispose]();
  await tail.refresh();
}

/** What ran before runs on: it is entered again, and its child's listener planted, without waiting for a connection. */
async function makeAgain(options: MakeOptions): Promise<void> {
  const { plan, activation, child, workloads, signal } = options;
  if (activation === undefined) {
    await child?.ensure(signal, false);
    return;
  }
  const running = async (): Promise<boolean> => {
    const known = await Promise.all(workloads.map((workload) => workload.running(signal).catch(() => false)));
    return known.some(Boolean);
  };
  if (plan.tail.lazy && !(await running())) return;
  // Not by the attempt's signal: it may take as long as a pull, and the daemon is up meanwhile.
  makeNow({ ...options, signal: new AbortController().signal }).catch(() => undefined);
}

/** The newest first. */
async function removeAll(workloads: readonly Workload[], child: Hanging | undefined): Promise<void> {
  const failures: unknown[] = [];
  await child?.remove(AbortSignal.timeout(UNDO_MS)).catch((error: unknown) => failures.push(error));
  for (const workload of workloads.toReversed()) {
    await workload.remove(AbortSignal.timeout(UNDO_MS)).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'containers were not removed');
}

/**
 * Building a wormhole: route, targets, head, in this order, so that its first client already finds a target.
 *
 * Everything is made in a temporary scope: a failed attempt leaves nothing. *Eager* is a create, where a person waits
 * for an answer and whatever does not work is an error; otherwise it is made again from memory, and what does not
 * work yet is its status.
 */
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Follower, Surroundings } from '../surroundings.ts';
import { errnoOf } from './errno.ts';
import { Head } from './head.ts';
import { namespaceLabel, targetLabel } from './labels.ts';
import { Member } from './member.ts';
import { routeOptions } from './route-options.ts';
import { leadsTo, type Spot } from './self-proxy.ts';
import { Tail } from './tail.ts';
import { Wormhole } from './wormhole.ts';

export interface OpenOptions {
  readonly record: WormholeRecord;
  readonly plan: Plan;
  /** For people: canonical words and plan with secrets redacted. */
  readonly shown: { readonly spec: string; readonly plan: Plan };
  readonly surroundings: Surroundings;
  readonly eager: boolean;
  /** Ends the attempt; not the wormhole, once it is made. */
  readonly signal: AbortSignal;
  /** Status, port or identities may have changed. */
  readonly onChange: () => void;
  /** Id of the wormhole that listens at a spot, if it is one of ours. */
  readonly holderOf: (spot: Spot) => string | undefined;
}

/** @throws {WormholeError} when eager, whatever keeps it from working */
export async function openWormhole(options: OpenOptions): Promise<Wormhole> {
  const { record, plan, surroundings, eager, signal, onChange } = options;
  const { segment } = plan;
  const { targets, connectTimeoutMs } = segment.tail;
  // For one line per connection, thousands a second: no secret can be in them, and looking for one costs most.
  const log = surroundings.log.child({ wormhole: record.id }, { redact: [] });
  // What outlives the attempt must not hang on a signal that is not its own.
  using asked = new Deadline(Number.POSITIVE_INFINITY, signal);
  await using attempt = new Scope(`create ${record.id}`, asked.signal);

  let head: Head | undefined;
  const isOwnHead = (target: Spot): boolean => head?.spot !== undefined && leadsTo(head.spot, target);
  const members = targets.map(
    (target, index) => new Member({ index, plan: target, label: targetLabel(target), surroundings, isOwnHead }),
  );
  const tail = new Tail({ members, connectTimeoutMs, onChange });
  const route = attempt.use(
    await surroundings.plane.open(routeOptions(record.id, segment, tail, log, surroundings.maxConns)),
  );
  tail.serve(route);
  head = new Head({ plan: segment.head, port: record.port ?? 0, route, surroundings, onChange });

  const following = attempt.use(new Scope(`follow ${record.id}`));
  following.use(head);
  following.use(tail);
  const followers = new Map<string, Follower>();
  for (const [index, member] of members.entries()) {
    const ref = targets[index]?.namespace ?? { kind: 'host' };
    const identity = record.identities?.[namespaceLabel(ref)];
    const follower = await surroundings.follow(ref, (where) => tail.moved(member, where), identity);
    followers.set(namespaceLabel(ref), following.use(follower));
    attempt.signal.throwIfAborted();
    if (eager && member.failure !== undefined) throw member.failure;
  }

  const mine = head;
  const abandon = (): void => mine.abandon();
  attempt.signal.addEventListener('abort', abandon, { once: true });
  const label = namespaceLabel(segment.head.namespace);
  const follower = await surroundings.follow(
    segment.head.namespace,
    async (where) => {
      await mine.moved(where);
      // Only now it shows whether a target is the head itself.
      if (targets.some(({ port }) => port === mine.port)) await tail.refresh();
    },
    record.identities?.[label],
  );
  followers.set(label, following.use(follower));
  attempt.signal.throwIfAborted();
  if (eager) {
    if (mine.failure !== undefined) throw explainConflict(mine, options);
    const failing = members.find(({ failure }) => failure !== undefined);
    if (failing !== undefined) throw failing.failure;
  }
  attempt.signal.removeEventListener('abort', abandon);
  // First thing when it closes, so that no follower waits for a head that still tries.
  following.defer(abandon);
  const scope = new Scope(`wormhole ${record.id}`);
  attempt.moveTo(scope);
  return new Wormhole({
    record,
    plan: options.shown.plan,
    spec: options.shown.spec,
    head,
    tail,
    route,
    followers,
    following,
    scope,
  });
}

/** Names the wormhole of ours that is in the way. */
function explainConflict(head: Head, { holderOf }: OpenOptions): unknown {
  const { failure, spot } = head;
  const holder = errnoOf(failure) === 'EADDRINUSE' && spot !== undefined ? holderOf(spot) : undefined;
  if (holder === undefined || !WormholeError.is(failure)) return failure;
  return new WormholeError(
    failure.code,
    `cannot listen on ${spot?.protocol}://${spot?.host}:${spot?.port}: wormhole ${holder} listens there; ` +
      'delete it or choose another port',
    { cause: failure, detail: { ...failure.detail, holder } },
  );
}

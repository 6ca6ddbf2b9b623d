/**
 * A member of a tail, followed to where it is: counted as a user of the container that it is in, which may have to be
 * started for it, and ended when nobody needs it.
 */
import type { Scope } from '../../lib/scope.ts';
import type { Route } from '../../proxy/route.ts';
import type { SegmentPlan } from '../../spec/plan.ts';
import type { Activation } from '../activator/activation.ts';
import { IdleWatch } from '../activator/idle.ts';
import type { MemberWorkload } from '../activator/start-steps.ts';
import type { Workload } from '../activator/workload.ts';
import type { Where } from '../places/where.ts';
import type { Follower } from '../surroundings.ts';
import { followEndpoint, identityKey } from './endpoint.ts';
import type { Member } from './member.ts';
import { MemberUse } from './member-use.ts';
import type { SegmentOptions } from './segment-options.ts';
import type { Tail } from './tail.ts';

export interface FollowedMember {
  readonly member: Member;
  readonly follower: Follower;
  readonly use: MemberUse;
  /** Absent when it is there without us. */
  readonly workload?: Workload;
}

/** Whether a tail has anything to start, to plant or to end. */
export function isActivated({ tail }: SegmentPlan): boolean {
  return tail.lazy || tail.idleMs > 0 || tail.targets.some(({ run }) => run !== undefined);
}

/** The containers to start, in the order of the pool. */
export function workloadsOf(followed: readonly FollowedMember[]): readonly MemberWorkload[] {
  return followed.flatMap(({ member, workload }) =>
    workload === undefined ? [] : [{ member: member.index, workload }],
  );
}

export interface FollowMemberOptions
  extends Pick<SegmentOptions, 'record' | 'plan' | 'depth' | 'surroundings' | 'restored' | 'log' | 'permit'> {
  readonly tail: Tail;
  readonly route: Route;
  readonly activation: Activation | undefined;
  /** Owns what follows. */
  readonly following: Scope;
  /** Owns what is there until the last connection has ended. */
  readonly lasting: Scope;
}

/** Resolves when the tail has been told where `member` is. */
export async function followMember(member: Member, options: FollowMemberOptions): Promise<FollowedMember> {
  const { record, plan, depth, surroundings, tail, route, activation, following, lasting, log } = options;
  const { uses, turns } = surroundings;
  const { idleMs, onIdle } = plan.tail;
  let watch: IdleWatch | undefined;
  const rearm = (): void => {
    if (use.container === '') watch?.disarm();
    else watch?.arm(use.container);
  };
  // What was paused goes on where it is: that is no move, but connections are let through again.
  const use: MemberUse = lasting.use(new MemberUse({ member, tail, route, uses, idleMs, onResume: rearm }));
  const onMove = async (where: Where): Promise<void> => {
    use.moved(where);
    rearm();
    await tail.moved(member, where);
  };
  const { follower, workload } = await followEndpoint({
    endpoint: member.plan,
    id: record.id,
    segment: `${depth}.${member.index}`,
    surroundings,
    restored: options.restored,
    identity: record.identities?.[identityKey(member.plan)],
    ...(options.permit !== undefined && { permit: options.permit }),
    onMove,
  });
  following.use(follower);
  if (workload === undefined || activation === undefined) return { member, follower, use };
  if (idleMs > 0) {
    watch = following.use(new IdleWatch({ workload, idleMs, how: onIdle, uses, turns, log }));
    rearm();
  }
  return { member, follower, use, workload };
}

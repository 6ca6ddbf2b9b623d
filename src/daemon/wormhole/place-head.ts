/**
 * Puts a head where it listens: in the place of the tail that it hangs on, in a container of its own, or in the place
 * that it names.
 */
import type { Scope } from '../../lib/scope.ts';
import { ColdStart } from '../activator/cold-start.ts';
import type { StartReport, Workload } from '../activator/workload.ts';
import type { Where } from '../places/where.ts';
import { type Followed, followEndpoint, identityKey } from './endpoint.ts';
import type { Head } from './head.ts';
import type { SegmentOptions } from './open-segment.ts';
import type { Tail } from './tail.ts';

export interface HeadPlacement extends SegmentOptions {
  readonly head: Head;
  readonly tail: Tail;
  readonly following: Scope;
}

/** Resolves when the head has been told where it is; what it makes of that is its status. */
export async function placeHead(options: HeadPlacement): Promise<Partial<Followed>> {
  const { record, plan, depth, surroundings, parent, head, tail, following, signal, eager, log } = options;
  const onMove = async (where: Where): Promise<void> => {
    await head.moved(where);
    // Only now it shows whether a target is the head itself.
    if (plan.tail.targets.some(({ port }) => port === head.port)) await tail.refresh();
  };
  if (parent !== undefined) {
    following.use(await parent.hang(onMove));
    return {};
  }
  const followed = await followEndpoint({
    endpoint: plan.head,
    id: record.id,
    segment: `${depth}.head`,
    surroundings,
    restored: options.restored,
    identity: record.identities?.[identityKey(plan.head)],
    onMove,
  });
  following.use(followed.follower);
  if (plan.head.run === undefined || followed.workload === undefined) return { follower: followed.follower };
  const start = startNow(followed.workload, signal);
  if (eager) await start;
  else start.catch((err: unknown) => log.warn({ err }, 'the container of a head could not be started'));
  return followed;
}

async function startNow(workload: Workload, signal: AbortSignal): Promise<void> {
  const report: StartReport = { trace: new ColdStart(), begun: () => undefined, pulling: () => undefined };
  await workload.start(report, signal);
}

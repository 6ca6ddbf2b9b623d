/**
 * Puts a head where it listens: in the place of the tail that it hangs on, in a container of its own, or in the place
 * that it names.
 */

import { backOff, pause } from '../../lib/pause.ts';
import type { Scope } from '../../lib/scope.ts';
import { ColdStart } from '../activator/cold-start.ts';
import type { Workload } from '../activator/workload.ts';
import type { Logger } from '../log.ts';
import type { Where } from '../places/where.ts';
import type { Follower } from '../surroundings.ts';
import type { Course } from './courses.ts';
import { followEndpoint, identityKey } from './endpoint.ts';
import type { Head } from './head.ts';
import type { SegmentOptions } from './segment-options.ts';
import type { Tail } from './tail.ts';

/** A container that did not start is tried again: first and last delay. */
const RETRY_MS = [1000, 60_000] as const;

export interface HeadPlacement extends SegmentOptions {
  readonly head: Head;
  readonly tail: Tail;
  readonly course: Course;
  readonly following: Scope;
  /** Takes in the container that the head is in, before it is made. */
  readonly workloads: Workload[];
}

/**
 * Resolves when the head has been told where it is; what it makes of that is its status.
 *
 * @returns what follows it, unless that is the parent's tail
 */
export async function placeHead(options: HeadPlacement): Promise<Follower | undefined> {
  const { record, plan, depth, surroundings, parent, head, tail, course, following, signal, eager, log } = options;
  const onMove = async (where: Where): Promise<void> => {
    await head.moved(where);
    // Only now it shows whether a target leads back here.
    if (course.goesRound) await tail.refresh();
  };
  if (parent !== undefined) {
    following.use(await parent.hang(onMove));
    return undefined;
  }
  const { follower, workload } = await followEndpoint({
    endpoint: plan.head,
    id: record.id,
    segment: `${depth}.head`,
    surroundings,
    restored: options.restored,
    identity: record.identities?.[identityKey(plan.head)],
    ...(options.permit !== undefined && { permit: options.permit }),
    onMove,
  });
  following.use(follower);
  if (plan.head.run === undefined || workload === undefined) return follower;
  options.workloads.push(workload);
  if (eager) await startNow(workload, signal);
  else {
    const started = startInTime(workload, log, following.signal);
    following.defer(() => started);
  }
  return follower;
}

async function startNow(workload: Workload, signal: AbortSignal): Promise<void> {
  await workload.start({ trace: new ColdStart(), begun: () => undefined, pulling: () => undefined }, signal);
}

/** Made again from memory, nobody waits for it, and the engine may come up late. */
async function startInTime(workload: Workload, log: Pick<Logger, 'warn'>, signal: AbortSignal): Promise<void> {
  for (const delay of backOff(...RETRY_MS)) {
    try {
      return await startNow(workload, signal);
    } catch (err) {
      if (signal.aborted) return;
      log.warn({ err }, 'the container of a head could not be started; trying again');
    }
    await pause(delay, signal).catch(() => undefined);
  }
}

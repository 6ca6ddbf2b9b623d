/** What a start consists of beside the containers themselves; whoever owns the places, the child and the probe does it. */
import type { Ready } from './ready/target.ts';
import type { Started, Workload } from './workload.ts';

/** A container of this tail, and which of its members it is. */
export interface MemberWorkload {
  readonly member: number;
  readonly workload: Workload;
}

/** What the segment does around its containers. */
export interface StartSteps {
  /** Resolves when the member's place is the one of this container. @returns with the run of it that was entered */
  entered(one: MemberWorkload, started: Started, signal: AbortSignal): Promise<Started>;
  /** Makes the child, if there is one and it is not there yet, and waits until it listens. */
  plant(signal: AbortSignal): Promise<boolean>;
  /** Waits until the container takes connections. @throws {WormholeError} WH_ERR_CONTAINER_FAILED when it ends before */
  ready(one: MemberWorkload, started: Started, signal: AbortSignal): Promise<Ready>;
  /** Stops a container that was started in vain, unless others need it. */
  stop(one: MemberWorkload, signal: AbortSignal): Promise<void>;
}

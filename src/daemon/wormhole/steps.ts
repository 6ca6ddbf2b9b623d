/** What a segment does around the containers that its activator starts. */
import { WormholeError } from '../../lib/errors.ts';
import type { TailPlan } from '../../spec/plan.ts';
import type { Charge, Steps } from '../activator/activation.ts';
import type { Started } from '../activator/workload.ts';
import type { Where } from '../places/where.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Child } from './child.ts';
import { backOff } from './pause.ts';
import type { Post } from './posts.ts';
import { chosenProbe, ended, untilReady } from './readiness.ts';
import type { Tail } from './tail.ts';

/** How long its place is waited for until the container is asked for: first and last. */
const ASK_MS = [100, 1000] as const;

export interface StepOptions {
  readonly plan: TailPlan;
  readonly posts: readonly Post[];
  readonly tail: () => Tail;
  readonly child: Child | undefined;
  readonly surroundings: Surroundings;
}

export function segmentSteps({ plan, posts, tail, child, surroundings }: StepOptions): Steps {
  const at = ({ member }: Charge): Post => {
    const found = posts.find((post) => post.member.index === member);
    if (found === undefined) throw new WormholeError('WH_ERR_INTERNAL', `nobody is at post ${member}`);
    return found;
  };
  return {
    async entered(charge, started, signal) {
      const { member, follower } = at(charge);
      const here = (where: Where): boolean => isRun(where, started);
      // One that has ended already is never seen in a place: nobody would tell, so it is asked for now and then.
      for (const delay of backOff(...ASK_MS)) {
        follower.wake();
        if (await tail().arrived(member, here, delay, signal)) break;
        if (!(await runs(started, surroundings, signal))) throw await ended(started, surroundings, signal);
      }
      // It may have been kept from connections, while it was being ended.
      await surroundings.uses.resume(started.container);
    },
    async plant(signal) {
      if (child === undefined || child.segment !== undefined) return false;
      await child.ensure(signal, true);
      return true;
    },
    async ready(charge, started, signal) {
      const probe = chosenProbe(plan.ready, started.healthcheck);
      return await untilReady(at(charge).member, probe, started, surroundings, signal);
    },
  };
}

async function runs({ container }: Started, { runner }: Surroundings, signal: AbortSignal): Promise<boolean> {
  const state = (await runner.inspect(container, signal))?.state;
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/** Whether a place is that of this very run of the container. */
function isRun(where: Where, { container, startedAt }: Started): boolean {
  if (where.state !== 'here') return false;
  const { container: found } = where.place;
  return found !== undefined && found.id === container && found.startedAt === startedAt;
}

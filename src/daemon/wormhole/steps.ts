/** What a segment does around the containers that its activator starts. */
import type { ContainerFacts } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import { backOff } from '../../lib/pause.ts';
import type { TailPlan } from '../../spec/plan.ts';
import { endUnused } from '../activator/end-unused.ts';
import type { MemberWorkload, StartSteps } from '../activator/start-steps.ts';
import type { Started } from '../activator/workload.ts';
import type { Where } from '../places/where.ts';
import type { Surroundings } from '../surroundings.ts';
import type { FollowedMember } from './followed-member.ts';
import type { Hanging } from './hanging.ts';
import { chosenProbe, ended, untilReady } from './readiness.ts';
import type { Tail } from './tail.ts';

/** How long its place is waited for until the container is asked for: first and last. */
const ASK_MS = [100, 1000] as const;

export interface StepOptions {
  readonly plan: TailPlan;
  /** Filled while the segment is built. */
  readonly followed: readonly FollowedMember[];
  readonly tail: () => Tail;
  readonly child: Hanging | undefined;
  readonly surroundings: Surroundings;
}

export function segmentSteps({ plan, followed, tail, child, surroundings }: StepOptions): StartSteps {
  const at = ({ member }: MemberWorkload): FollowedMember => {
    const found = followed.find((one) => one.member.index === member);
    if (found === undefined) throw new WormholeError('WH_ERR_INTERNAL', `member ${member} is not followed`);
    return found;
  };
  return {
    async entered(one, started, signal) {
      const { member, follower } = at(one);
      let { startedAt } = started;
      const here = (where: Where): boolean => isRun(where, { ...started, startedAt });
      // One that has ended already, or has lost its name, is never seen in a place: nobody would tell, so it is asked for
      // now and then. The engine may have started it again by itself, too.
      for (const delay of backOff(...ASK_MS)) {
        follower.wake();
        if (await tail().arrived(member, here, delay, signal)) break;
        const facts = await surroundings.runner.inspect(started.container, signal);
        if (!runs(facts)) throw await ended(started, surroundings, signal);
        await one.workload.confirm(started.container, signal);
        startedAt = facts.startedAt;
      }
      // It may have been kept from connections, while it was being ended.
      await surroundings.uses.resume(started.container);
      return { ...started, startedAt };
    },
    async plant(signal) {
      if (child === undefined || child.segment !== undefined) return false;
      await child.ensure(signal, true);
      return true;
    },
    async ready(one, started, signal) {
      const probe = chosenProbe(plan.ready, started.healthcheck);
      return await untilReady(at(one).member, probe, started, surroundings, signal);
    },
    async stop(one, signal) {
      const { workload } = one;
      const { container } = workload;
      const { uses, turns } = surroundings;
      if (container === undefined) return;
      await endUnused({ workload, container, how: 'stop', uses, turns, except: at(one).use }, signal);
    },
  };
}

function runs(facts: ContainerFacts | undefined): facts is ContainerFacts {
  return facts?.state === 'running' || facts?.state === 'paused' || facts?.state === 'restarting';
}

/** Whether a place is that of this very run of the container. */
function isRun(where: Where, { container, startedAt }: Started): boolean {
  if (where.state !== 'here') return false;
  const { container: found } = where.place;
  return found !== undefined && found.id === container && found.startedAt === startedAt;
}

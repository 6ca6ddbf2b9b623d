/**
 * Which probe a started container gets, and what it means when the container ends meanwhile.
 */
import type { ContainerFacts } from '../../docker/runner.ts';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { ReadyProbe } from '../../spec/plan.ts';
import { isNotReady, waitingFor } from '../activator/not-ready.ts';
import type { ProbeTarget, Ready } from '../activator/ready/target.ts';
import type { Started } from '../activator/workload.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Member } from './member.ts';

/** A HEALTHCHECK that is there is asked unless the spec names a probe. */
export function chosenProbe(said: ReadyProbe | undefined, healthcheck: boolean): ReadyProbe {
  if (said === undefined || (said.kind === 'tcp' && said.byDefault === true)) {
    return healthcheck ? { kind: 'health' } : { kind: 'tcp' };
  }
  return said;
}

/**
 * @throws {WormholeError} WH_ERR_CONTAINER_FAILED when it ended before it was ready; what `signal` aborts with, and what
 *   was waited for if that is WH_ERR_NOT_READY
 */
export async function untilReady(
  member: Member,
  probe: ReadyProbe,
  started: Started,
  surroundings: Pick<Surroundings, 'untilReady' | 'runner'>,
  signal: AbortSignal,
): Promise<Ready> {
  const { where, plan, life } = member;
  if (where?.state !== 'here') throw await ended(started, surroundings, signal);
  const { protocol, host, port, path } = plan;
  const { place } = where;
  let reason = '';
  const target = {
    place,
    container: started.container,
    startedAt: started.startedAt,
    protocol,
    host,
    port,
    ...(path !== undefined && { path }),
    permit: (dialed: Parameters<NonNullable<ProbeTarget['permit']>>[0]): void => member.permit(dialed, place),
    onWaiting: (told: string): void => void (reason = told),
  };
  using either = new Deadline(Number.POSITIVE_INFINITY, signal, life);
  try {
    return await surroundings.untilReady(probe, target, either.signal);
  } catch (error) {
    if (life.aborted && !signal.aborted) throw await ended(started, surroundings, signal);
    throw isNotReady(error) ? waitingFor(error, reason) : error;
  }
}

/** Why a container that should run does not. */
export async function ended(
  { container }: Started,
  { runner }: Pick<Surroundings, 'runner'>,
  signal: AbortSignal,
): Promise<WormholeError> {
  const short = container.slice(0, 12);
  const facts = await runner.inspect(container, signal);
  return new WormholeError(
    'WH_ERR_CONTAINER_FAILED',
    `container ${short} ${fateOf(facts)} before it was ready; docker logs ${short}`,
    { detail: { container, ...(facts !== undefined && { exitCode: facts.exitCode }) } },
  );
}

function fateOf(facts: ContainerFacts | undefined): string {
  if (facts === undefined) return 'was removed';
  if (facts.state === 'running') return 'was renamed, or started anew,';
  if (facts.oomKilled) return 'ran out of memory';
  return `ended with exit code ${facts.exitCode}${facts.error === '' ? '' : ` (${facts.error})`}`;
}

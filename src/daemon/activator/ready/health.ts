/**
 * The probe `health`: Docker's own HEALTHCHECK of the container, asked for until it says healthy.
 */
import type { ContainerFacts } from '../../../docker/runner.ts';
import { WormholeError } from '../../../lib/errors.ts';
import { backOff, pause } from '../../../lib/pause.ts';
import { assertAlive } from './ended.ts';
import type { ProbeRunner, ProbeTarget } from './target.ts';

/** Milliseconds between two questions, first and last. */
const ASK_MS = [10, 200] as const;

/** @throws {WormholeError} WH_ERR_CONTAINER_FAILED when it is unhealthy or has ended; WH_ERR_SPEC_INVALID without HEALTHCHECK */
export async function untilHealthy(
  target: ProbeTarget,
  runner: Pick<ProbeRunner, 'inspect'>,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const delays = backOff(...ASK_MS);
  for (;;) {
    const facts = await inspect(target, runner, note, signal);
    if (facts !== 'unknown') {
      assertAlive(facts, target);
      if (facts.health === 'healthy') return;
      if (facts.health === 'unhealthy') throw unhealthy(facts);
      if (facts.health === 'none') throw unchecked(facts);
      note(`the HEALTHCHECK of container ${facts.name} has not passed yet`);
    }
    await pause(delays.next().value, signal);
  }
}

/** @returns `'unknown'` while the engine does not answer: it may be starting again */
async function inspect(
  target: ProbeTarget,
  runner: Pick<ProbeRunner, 'inspect'>,
  note: (reason: string) => void,
  signal: AbortSignal,
): Promise<ContainerFacts | undefined | 'unknown'> {
  try {
    return await runner.inspect(target.container, signal);
  } catch (error) {
    if (!WormholeError.is(error) || error.code !== 'WH_ERR_DOCKER_UNAVAILABLE') throw error;
    note(error.message);
    return 'unknown';
  }
}

function unhealthy({ id, name }: ContainerFacts): WormholeError {
  return new WormholeError(
    'WH_ERR_CONTAINER_FAILED',
    `container ${name} is unhealthy, says its HEALTHCHECK; docker inspect ${name} shows what the check printed`,
    { detail: { container: id } },
  );
}

function unchecked({ id, name, image }: ContainerFacts): WormholeError {
  return new WormholeError(
    'WH_ERR_SPEC_INVALID',
    `ready health: neither image ${image} nor docker-run gives container ${name} a HEALTHCHECK; ` +
      'add --health-cmd to docker-run, or use ready tcp, http:PORT/PATH, log:REGEX or none',
    { detail: { container: id } },
  );
}

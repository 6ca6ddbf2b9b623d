/** A container that will not become ready any more. */
import type { ContainerFacts } from '../../../docker/runner.ts';
import { WormholeError } from '../../../lib/errors.ts';
import type { ProbeTarget } from './target.ts';

/** @throws {WormholeError} WH_ERR_CONTAINER_FAILED when the container is gone or has ended */
export function assertAlive(facts: ContainerFacts | undefined, target: ProbeTarget): asserts facts is ContainerFacts {
  if (facts?.running === true) return;
  const { container, place } = target;
  const name = facts?.name ?? place.container?.name ?? container.slice(0, 12);
  const how = facts === undefined ? 'was removed' : `ended (exit code ${facts.exitCode})`;
  throw new WormholeError(
    'WH_ERR_CONTAINER_FAILED',
    `container ${name} ${how} before it was ready; docker logs ${name} may tell why`,
    { detail: { container, ...(facts !== undefined && { exitCode: facts.exitCode }) } },
  );
}

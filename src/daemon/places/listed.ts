/**
 * Whether a list of all containers already shows that a follower is where it should be.
 *
 * Such a list says neither when a container was started nor as which process. It need not: a container's run ends with
 * its first process, so as long as that one lives, and its container is listed as running, this is still the same run.
 * A list never moves anybody; where it does not fit, the engine is asked about that container alone.
 */
import type { Listing } from '../../docker/engine.ts';
import type { Processes } from './process.ts';
import { type Identity, sameProcess } from './sight.ts';
import type { Where } from './where.ts';

export function unmoved(
  all: Listing,
  where: Where | undefined,
  identity: Identity | undefined,
  processes: Processes,
): boolean {
  if (where === undefined || identity === undefined) return false;
  const found = identity.by === 'name' ? all.named(identity.name) : all.withId(identity.id);
  if (where.state === 'here') {
    const { place } = where;
    return found?.running === true && found.id === place.container?.id && sameProcess(place, processes);
  }
  const { code, detail } = where.error;
  if (code === 'WH_ERR_CONTAINER_NOT_FOUND') return found === undefined;
  return code === 'WH_ERR_CONTAINER_STOPPED' && found?.running === false && found.id === detail['id'];
}

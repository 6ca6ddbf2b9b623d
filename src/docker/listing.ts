/** All containers as one question found them: what a resync goes by, whoever many follow them. */
import type { ContainerInfo } from 'dockerode';
import type { Listed, Listing } from './engine.ts';
import { ownName } from './snapshot.ts';

/** States in which a container has a process to enter; one that waits to be restarted has none. */
const running = new Set(['running', 'paused']);

/** From `GET /containers/json?all=true`. */
export function listingOf(infos: readonly Pick<ContainerInfo, 'Id' | 'Names' | 'State'>[]): Listing {
  const all = infos.map(
    ({ Id, Names, State }): Listed => ({
      id: Id,
      name: ownName(Names),
      running: running.has(State),
    }),
  );
  const [byName, byId] = [new Map(all.map((one) => [one.name, one])), new Map(all.map((one) => [one.id, one]))];
  return { named: (name) => byName.get(name), withId: (id) => byId.get(id) };
}

/** Where a namespace reference leads now: one question, one place. `follow.ts` keeps the answer current. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, Engine } from '../../docker/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { NamespaceRef } from '../../spec/plan.ts';
import { containerPlace, hostPlace, namedPlace, pidPlace } from './open.ts';
import type { Place } from './place.ts';
import { type Processes, procfs } from './process.ts';

export interface PlaceSources {
  readonly engine: Engine;
  /** Default: /proc. */
  readonly processes?: Processes;
}

/** A container that restarts in a tight loop is given up after so many tries, with so many milliseconds between. */
const attempts = 5;
const betweenAttemptsMs = 40;

/**
 * @returns a place that the caller owns
 * @throws {WormholeError} WH_ERR_NAMESPACE, WH_ERR_CONTAINER_STOPPED, WH_ERR_UNSUPPORTED, and what Engine.find throws
 */
export async function resolvePlace(ref: NamespaceRef, sources: PlaceSources, signal: AbortSignal): Promise<Place> {
  const { engine, processes = procfs } = sources;
  switch (ref.kind) {
    case 'host':
      return hostPlace();
    case 'netns':
      return namedPlace(ref.name);
    case 'pid':
      return pidPlace(ref.pid, processes);
    case 'container':
      return await enterContainer(() => engine.find(ref.container, signal), sources, signal);
    case 'run':
      break;
  }
  throw new WormholeError('WH_ERR_UNSUPPORTED', 'the container of a docker-run has to be started first');
}

/**
 * Opens the container that `find` gives, until it was the same before and after.
 *
 * @param find asks the engine anew; may throw to end the search
 */
export async function enterContainer(
  find: () => Promise<Container>,
  { engine, processes = procfs }: PlaceSources,
  signal: AbortSignal,
): Promise<Place> {
  for (let attempt = 1; ; attempt++) {
    const container = await find();
    if (!container.running) throw stopped(container);
    const place = containerPlace(container, processes);
    if (place !== undefined) {
      if (await confirmed(container, engine, signal, place)) return place;
      place[Symbol.dispose]();
    }
    if (attempt === attempts) throw elusive(container);
    await sleep(betweenAttemptsMs * attempt, undefined, { signal }).catch((cause: unknown) => {
      throw new WormholeError('WH_ERR_ABORTED', `gave up entering container ${container.name}`, { cause });
    });
  }
}

/** Asks the engine once more, now that the descriptors are held. Disposes `place` when it cannot be asked. */
async function confirmed(before: Container, engine: Engine, signal: AbortSignal, place: Place): Promise<boolean> {
  try {
    const after = await engine.find(before.id, signal);
    return sameRun(before, after) && before.name === after.name;
  } catch (error) {
    if (WormholeError.is(error) && error.code === 'WH_ERR_CONTAINER_NOT_FOUND') return false;
    place[Symbol.dispose]();
    throw error;
  }
}

/** True when both snapshots show one run of one container; it may have been renamed meanwhile. */
export function sameRun(one: Container, other: Container): boolean {
  return (
    one.running && other.running && one.id === other.id && one.pid === other.pid && one.startedAt === other.startedAt
  );
}

export function stopped(container: Container): WormholeError {
  return new WormholeError(
    'WH_ERR_CONTAINER_STOPPED',
    `container ${container.name} is not running; docker start ${container.name} starts it`,
    { detail: { container: container.name, id: container.id } },
  );
}

function elusive(container: Container): WormholeError {
  return new WormholeError(
    'WH_ERR_NAMESPACE',
    `container ${container.name} is said to run as process ${container.pid}, which is not (any more) its process here: ` +
      'it restarts all the time (docker logs tells why), it was started with --cgroups=disabled, which leaves nothing ' +
      'to know its process by, or its engine is not on this machine (see DOCKER_HOST)',
    { detail: { container: container.name, id: container.id, pid: container.pid } },
  );
}

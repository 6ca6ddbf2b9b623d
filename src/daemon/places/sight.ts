/**
 * One look at where a reference leads, compared with the place held so far.
 *
 * A container's reference is read once, at the first look that finds it: one that equals the container's name means
 * whatever bears that name from now on; any other one means that container alone, which is gone for good
 * once it was removed.
 */
import type { Container } from '../../docker/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { NamespaceRef } from '../../spec/plan.ts';
import type { Place } from './place.ts';
import { type Processes, procfs } from './process.ts';
import { enterContainer, type PlaceSources, resolvePlace, sameRun, stopped } from './resolve.ts';

/** What a container's reference was found to mean; kept with a wormhole, so that it means the same after a restart. */
export type Identity = { readonly by: 'name'; readonly name: string } | { readonly by: 'id'; readonly id: string };

export type Sight =
  /** The place held so far is still right. */
  | { readonly kind: 'same' }
  /** Another one; the receiver owns it. */
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'absent'; readonly error: WormholeError }
  /** It will never be back. */
  | { readonly kind: 'gone'; readonly error: WormholeError };

/** Looks; given the place held so far. Rejects only when aborted. */
export type Look = (held: Place | undefined, signal: AbortSignal) => Promise<Sight>;

/** @param learn called once, when a container's reference has been understood */
export function lookFor(
  ref: NamespaceRef,
  sources: PlaceSources,
  known: Identity | undefined,
  learn: (identity: Identity) => void,
): Look {
  if (ref.kind !== 'container') return (held, signal) => sight(() => lookAgain(ref, held, sources, signal), signal);
  let identity = known ?? (/^[0-9a-f]{64}$/.test(ref.container) ? idOf(ref.container) : undefined);
  const find = async (signal: AbortSignal): Promise<Container> => {
    const reference = identity === undefined ? ref.container : identity.by === 'name' ? identity.name : identity.id;
    const container = await sources.engine.find(reference, signal);
    if (identity === undefined) {
      identity = container.name === reference ? { by: 'name', name: reference } : idOf(container.id);
      learn(identity);
    }
    // Without a bearer of the name, the engine would take it for the beginning of somebody's id.
    if (identity.by === 'name' && container.name !== identity.name) throw unnamed(identity.name);
    return container;
  };
  return (held, signal) =>
    sight(
      () => lookAtContainer(held, sources, signal, find),
      signal,
      () => identity?.by === 'id',
    );
}

async function lookAgain(
  ref: NamespaceRef,
  held: Place | undefined,
  sources: PlaceSources,
  signal: AbortSignal,
): Promise<Sight> {
  if (ref.kind === 'pid') {
    if (held !== undefined && sameProcess(held, sources.processes)) return { kind: 'same' };
    // The number would mean another process the next time it is seen.
    const { processes = procfs } = sources;
    if (held !== undefined || processes.startTime(ref.pid) === undefined)
      return { kind: 'gone', error: ended(ref.pid) };
  }
  const place = await resolvePlace(ref, sources, signal);
  // As long as the old one is held, its inode number cannot be given to another namespace.
  if (held?.namespaceId !== place.namespaceId) return { kind: 'place', place };
  place[Symbol.dispose]();
  return { kind: 'same' };
}

async function lookAtContainer(
  held: Place | undefined,
  sources: PlaceSources,
  signal: AbortSignal,
  find: (signal: AbortSignal) => Promise<Container>,
): Promise<Sight> {
  let container: Container;
  try {
    container = await find(signal);
  } catch (error) {
    // An engine that is away says nothing about its containers: with live-restore they run on.
    if (held !== undefined && codeOf(error) === 'WH_ERR_DOCKER_UNAVAILABLE' && sameProcess(held, sources.processes)) {
      return { kind: 'same' };
    }
    throw error;
  }
  if (!container.running) return { kind: 'absent', error: stopped(container) };
  if (held?.container !== undefined && sameRun(held.container, container)) return { kind: 'same' };
  let first: Container | undefined = container;
  const next = async (): Promise<Container> => {
    const found = first ?? (await find(signal));
    first = undefined;
    return found;
  };
  return { kind: 'place', place: await enterContainer(next, sources, signal) };
}

/** Turns the errors that mean "not there" into sights. */
async function sight(look: () => Promise<Sight>, signal: AbortSignal, forEver = () => false): Promise<Sight> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (!WormholeError.is(error)) throw error;
    return { kind: error.code === 'WH_ERR_CONTAINER_NOT_FOUND' && forEver() ? 'gone' : 'absent', error };
  }
}

/** True while the process that the place was opened by lives. */
export function sameProcess(held: Place, processes: Processes = procfs): boolean {
  return held.startTime !== undefined && processes.startTime(held.pid) === held.startTime;
}

function idOf(id: string): Identity {
  return { by: 'id', id };
}

function unnamed(name: string): WormholeError {
  return new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `no container has the name ${name} now`, {
    detail: { container: name },
  });
}

function ended(pid: number): WormholeError {
  return new WormholeError('WH_ERR_NAMESPACE', `process ${pid} does not exist (any more)`);
}

function codeOf(error: unknown): string {
  return WormholeError.is(error) ? error.code : '';
}

/**
 * Making, starting and ending containers: the calls of the engine's API, and what each of its refusals means.
 *
 * An engine goes on with what it was asked when we stop waiting, so a call that was given up may have happened.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { WormholeError } from '../lib/errors.ts';
import type { ContainerRecipe } from '../spec/recipe/recipe.ts';
import type { EngineCalls } from './calls.ts';
import { statusOf } from './failure.ts';
import { environmentOf, refused, wordsOf } from './refusal.ts';

/** Milliseconds beyond a container's own time to stop: for the engine to kill it and to clean up. */
const stopMarginMs = 30_000;
/** Seconds that a container has to stop, when nothing else was said. */
const defaultStopSeconds = 10;
/** Milliseconds between two looks at a container that somebody else is removing. */
const removalPollMs = 50;

/** The whole inspection; undefined = no such container. */
export async function inspect(
  calls: EngineCalls,
  id: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo | undefined> {
  const once = (): Promise<ContainerInspectInfo | undefined> =>
    calls.ask(signal, async (docker, abortSignal) => {
      try {
        return await docker.getContainer(id).inspect({ abortSignal });
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  try {
    return await once();
  } catch (error) {
    // Podman fails like that when it was removing the container meanwhile; asked again, it has not got it.
    if (WormholeError.is(error) && statusOf(error.cause) === 500) return await once();
    throw error;
  }
}

export async function create(
  calls: EngineCalls,
  recipe: ContainerRecipe,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<string> {
  const { name, platform, body } = recipe;
  const own = (body['Labels'] ?? {}) as Readonly<Record<string, string>>;
  const env = environmentOf(body);
  const asked = {
    // Kept apart, or all of it, environment included, would stand in the URL.
    _query: { ...(name !== undefined && { name }), ...(platform !== undefined && { platform }) },
    _body: { ...body, Labels: { ...own, ...labels } },
  };
  return await calls.ask(
    signal,
    async (docker, abortSignal) => {
      try {
        const { id } = await docker.createContainer({ ...asked, abortSignal });
        if (typeof id === 'string' && id !== '') return id;
      } catch (error) {
        throw creationRefused(error, recipe, env);
      }
      throw new Error('it made a container and did not say which');
    },
    timeoutMs,
  );
}

function creationRefused(error: unknown, { image, name }: ContainerRecipe, env: readonly string[]): unknown {
  const words = wordsOf(error);
  if (statusOf(error) === 404 && /image/i.test(words)) {
    return refused(error, 'WH_ERR_IMAGE_NOT_FOUND', `the image ${image} is not on this machine`, env);
  }
  if (name !== undefined && (statusOf(error) === 409 || /already in use/i.test(words))) {
    const text = `a container named ${name} exists already; choose another --name, or remove it`;
    return refused(error, 'WH_ERR_CONTAINER_EXISTS', text, env);
  }
  return refused(error, 'WH_ERR_CONTAINER_FAILED', `the engine does not make a container of ${image}`, env);
}

export async function start(calls: EngineCalls, id: string, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const failure = await attempt(calls, signal, timeoutMs, (docker, abortSignal) =>
    docker.getContainer(id).start({ abortSignal }),
  );
  if (failure === undefined || statusOf(failure) === 304) return;
  if (isGone(failure)) throw gone(id);
  // Asked only now: what it says may hold values of the environment, and only the container knows those.
  const info = await inspect(calls, id, signal);
  if (info === undefined) throw gone(id);
  const name = info.Name.replace(/^\//, '');
  throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${name} does not start`, environmentOf(info.Config));
}

export async function stop(calls: EngineCalls, id: string, signal: AbortSignal): Promise<void> {
  const info = await inspect(calls, id, signal);
  if (info === undefined) return;
  // Docker would let it go on by itself; Podman refuses, half stopped.
  if (info.State.Status === 'paused') {
    await attempt(calls, signal, stopMarginMs, (docker, abortSignal) =>
      docker.getContainer(id).unpause({ abortSignal }),
    );
  }
  const { StopTimeout: seconds = defaultStopSeconds } = info.Config as { readonly StopTimeout?: number };
  const timeoutMs = seconds < 0 ? Infinity : seconds * 1000 + stopMarginMs;
  const failure = await attempt(calls, signal, timeoutMs, (docker, abortSignal) =>
    docker.getContainer(id).stop({ abortSignal }),
  );
  if (failure === undefined || statusOf(failure) === 304 || isGone(failure)) return;
  throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${short(id)} does not stop`);
}

export async function pause(calls: EngineCalls, id: string, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const failure = await attempt(calls, signal, timeoutMs, (docker, abortSignal) =>
    docker.getContainer(id).pause({ abortSignal }),
  );
  if (failure === undefined || /already paused/i.test(wordsOf(failure))) return;
  if (isGone(failure)) throw gone(id);
  throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${short(id)} cannot be paused`);
}

export async function unpause(calls: EngineCalls, id: string, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const failure = await attempt(calls, signal, timeoutMs, (docker, abortSignal) =>
    docker.getContainer(id).unpause({ abortSignal }),
  );
  if (failure === undefined || /not paused/i.test(wordsOf(failure))) return;
  if (isGone(failure)) throw gone(id);
  throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${short(id)} cannot go on`);
}

export async function remove(calls: EngineCalls, id: string, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const failure = await attempt(calls, signal, timeoutMs, (docker, abortSignal) =>
    docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
  );
  if (failure === undefined || isGone(failure)) return;
  if (statusOf(failure) !== 409 || !/in progress/i.test(wordsOf(failure))) {
    throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${short(id)} cannot be removed`);
  }
  // The engine removes one that was run with --rm by itself: its name is free only when that is done.
  for (const end = performance.now() + timeoutMs; performance.now() < end; ) {
    if ((await inspect(calls, id, signal)) === undefined) return;
    await sleep(removalPollMs, undefined, { signal }).catch(() => undefined);
  }
  throw refused(failure, 'WH_ERR_CONTAINER_FAILED', `the container ${short(id)} is being removed and does not go`);
}

/** @returns the engine's refusal; throws only when it gave no answer */
async function attempt(
  calls: EngineCalls,
  signal: AbortSignal,
  timeoutMs: number,
  act: (docker: Docker, abortSignal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  return await calls.ask(
    signal,
    async (docker, abortSignal) => {
      try {
        await act(docker, abortSignal);
        return undefined;
      } catch (error) {
        if (statusOf(error) === 0) throw error;
        return error;
      }
    },
    timeoutMs,
  );
}

/** Not every 404 is: a network that a container wants may be missing, too. */
function isGone(failure: unknown): boolean {
  return statusOf(failure) === 404 && /no (such )?container/i.test(wordsOf(failure));
}

function gone(id: string): WormholeError {
  return new WormholeError('WH_ERR_CONTAINER_NOT_FOUND', `the container ${short(id)} does not exist any more`);
}

/** As Docker prints an id. */
function short(id: string): string {
  return id.slice(0, 12);
}

/** Images: whether one is here, and getting it from its registry. */
import { Deadline, within } from '../lib/deadline.ts';
import { WormholeError } from '../lib/errors.ts';
import { parseImage } from '../spec/image.ts';
import type { EngineCalls } from './calls.ts';
import { Lines } from './events.ts';
import { statusOf } from './failure.ts';
import { PullLines } from './progress.ts';
import { pullReference } from './reference.ts';
import { showable, wordsOf } from './refusal.ts';
import type { RegistryAuth } from './registry-auth.ts';
import type { ImageFacts, PullProgress } from './runner.ts';
import { Throttle } from './throttle.ts';

/** Milliseconds between two reports of a pull. */
const reportMs = 250;

/** Words of registries for what they do not have or do not give, in all the ways that engines pass them on. */
const notGiven =
  /manifest unknown|name unknown|not found|no such image|no matching manifest|does not exist|access denied|access to the resource is denied|unauthorized|no basic auth credentials|authentication required|incorrect username or password/i;

export async function image(
  calls: EngineCalls,
  reference: string,
  signal: AbortSignal,
): Promise<ImageFacts | undefined> {
  const name = parseImage(reference);
  return await calls.ask(signal, async (docker, abortSignal) => {
    try {
      // The library takes `abortSignal` here as everywhere; its types forgot.
      const options = { abortSignal } as Parameters<ReturnType<typeof docker.getImage>['inspect']>[0];
      const { Id, Config } = await docker.getImage(name).inspect(options);
      const healthcheck = (Config as { readonly Healthcheck?: { readonly Test?: readonly string[] } }).Healthcheck;
      const test = healthcheck?.Test ?? [];
      return { id: Id, labels: Config.Labels ?? {}, healthcheck: test.length > 0 && test[0] !== 'NONE' };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

export interface Pull {
  readonly reference: string;
  readonly platform: string | undefined;
  /** Must not throw. */
  readonly onProgress: (progress: PullProgress) => void;
  /** Login for a registry, if there is one. */
  readonly auth: (registry: string) => RegistryAuth | undefined;
  /** Milliseconds without a word from the engine, after which it is given up. */
  readonly stallMs: number;
}

export async function pull(calls: EngineCalls, options: Pull, signal: AbortSignal): Promise<void> {
  const { reference, platform, stallMs } = options;
  const from = pullReference(reference);
  if (from === undefined) throw unknownImage(reference, 'an image id cannot be asked of a registry');
  const asked = { fromImage: from.name, tag: from.tagOrDigest, ...(platform !== undefined && { platform }) };
  try {
    using opened = await calls.open(
      signal,
      (docker, abortSignal) => docker.createImage(options.auth(from.registry), { ...asked, abortSignal }),
      stallMs,
    );
    const lines = new PullLines(reference);
    using throttle = new Throttle(reportMs, options.onProgress);
    const cutter = new Lines();
    for (;;) {
      using stall = new Deadline(stallMs, opened.signal);
      const { done, value } = await within(stall.signal, opened.chunks.next());
      if (done === true) break;
      if (!(value instanceof Uint8Array)) continue;
      for (const line of cutter.push(value)) lines.take(line);
      throttle.push(lines.progress);
    }
    for (const line of cutter.push(Buffer.from('\n'))) lines.take(line);
    if (lines.error !== '') throw pullFailed(reference, lines.error);
  } catch (error) {
    throw failureOf(error, options, calls, signal);
  }
}

function failureOf(error: unknown, { reference, stallMs }: Pull, calls: EngineCalls, signal: AbortSignal): Error {
  const cause = WormholeError.is(error) ? error.cause : error;
  if (!signal.aborted && cause instanceof DOMException && cause.name === 'TimeoutError') {
    return pullFailed(reference, `no progress for ${stallMs / 1000} s; the engine's log may say why`);
  }
  if (!signal.aborted && statusOf(cause) > 0) return pullFailed(reference, wordsOf(cause), statusOf(cause));
  return calls.failure(error, signal);
}

function pullFailed(reference: string, words: string, status = 0): WormholeError {
  if (status === 404 || notGiven.test(words)) return unknownImage(reference, showable(words));
  return new WormholeError(
    'WH_ERR_DOCKER_UNAVAILABLE',
    `the container engine cannot pull the image ${reference}: ${showable(words)}`,
  );
}

function unknownImage(reference: string, words: string): WormholeError {
  return new WormholeError(
    'WH_ERR_IMAGE_NOT_FOUND',
    `the image ${reference} cannot be pulled: ${words}; check its name and tag, a private registry needs docker login by the daemon's user`,
  );
}

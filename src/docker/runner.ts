/**
 * What the daemon does to containers, beside what it needs to know about them (`engine.ts`).
 *
 * Every call ends with its `signal`. Whoever gives up a `create` may have created all the same: look by label.
 */
import type { ContainerRecipe } from '../spec/recipe/recipe.ts';
import type { Container } from './engine.ts';

export interface ContainerFacts extends Container {
  /** Of the image that it was made from, whatever `image` names by now. */
  readonly imageId: string;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** The engine's own words about a failed start; '' = none. */
  readonly error: string;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** RFC 3339. */
  readonly createdAt: string;
}

export interface ImageFacts {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** True when it has a HEALTHCHECK. */
  readonly healthcheck: boolean;
}

/** How far a pull is. Layers that were here before count as done; bytes are those of the layers that have told their size. */
export interface PullProgress {
  readonly image: string;
  /** The engine's own words. */
  readonly status: string;
  readonly layersDone: number;
  readonly layersTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Everything throws WH_ERR_DOCKER_UNAVAILABLE when the engine does not answer, WH_ERR_ABORTED after its signal. */
export interface Runner {
  /** undefined = no such container. */
  inspect(id: string, signal: AbortSignal): Promise<ContainerFacts | undefined>;
  /** Containers, running or not, that carry all these labels. */
  labelled(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly ContainerFacts[]>;
  /** undefined = not on this engine. */
  image(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined>;
  /** @throws {WormholeError} WH_ERR_IMAGE_NOT_FOUND */
  pull(
    reference: string,
    platform: string | undefined,
    onProgress: (progress: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * @returns the id
   * @throws {WormholeError} WH_ERR_CONTAINER_EXISTS (name conflict), WH_ERR_IMAGE_NOT_FOUND, WH_ERR_CONTAINER_FAILED
   */
  create(recipe: ContainerRecipe, labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string>;
  /**
   * No-op when it runs.
   *
   * @throws {WormholeError} WH_ERR_CONTAINER_FAILED with the engine's words (port taken, no such network, bad
   *   entrypoint), WH_ERR_CONTAINER_NOT_FOUND
   */
  start(id: string, signal: AbortSignal): Promise<void>;
  /** Resolves when it has stopped, by the container's own stop signal and timeout; no-op when stopped or gone. */
  stop(id: string, signal: AbortSignal): Promise<void>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  unpause(id: string, signal: AbortSignal): Promise<void>;
  /** By force, with its anonymous volumes; no-op when gone. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /**
   * Lines of stdout and stderr since the container's last start, or `since` (RFC 3339) when that is not ''; follows until it
   * ends or `signal` aborts. Lines longer than 8 KiB are cut. TTY and multiplexed streams.
   */
  logs(id: string, since: string, signal: AbortSignal): AsyncIterable<string>;
}

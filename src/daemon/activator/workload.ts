/**
 * A container that an activator starts and stops: one that it makes from a `docker-run`, or one that it was pointed to
 * by `docker-ns`.
 *
 * Says nothing about when: that is for `activation.ts` and `idle.ts`. Calls are made one at a time.
 */
import type { PullProgress } from '../../docker/runner.ts';
import type { ColdStart } from './cold-start.ts';

/** What a start tells while it lasts. */
export interface StartReport {
  /** Stations reached, for whoever asks why it took so long. */
  readonly trace: ColdStart;
  /** It was made to run, or may run although the start failed or was given up. */
  begun(): void;
  pulling(progress: PullProgress | undefined): void;
}

/** A container that runs now. */
export interface Started {
  /** Full id. */
  readonly container: string;
  /** RFC 3339; which run of the container it is. */
  readonly startedAt: string;
  /** False when it had been running already: it is ready as far as anybody knows. */
  readonly fresh: boolean;
  /** True when its image (or its flags) declare a HEALTHCHECK. */
  readonly healthcheck: boolean;
}

export type OnIdle = 'stop' | 'pause' | 'remove';

export interface Workload {
  /** For people, e.g. `docker-run mysql` or `container db`. */
  readonly label: string;
  /** Full id of its container, as far as it is known. */
  readonly container: string | undefined;
  /**
   * Makes it run.
   *
   * @throws {WormholeError} WH_ERR_IMAGE_NOT_FOUND, WH_ERR_CONTAINER_EXISTS, WH_ERR_CONTAINER_FAILED,
   *   WH_ERR_CONTAINER_NOT_FOUND, WH_ERR_DOCKER_UNAVAILABLE
   */
  start(report: StartReport, signal: AbortSignal): Promise<Started>;
  /** Resolves when `container` is still what is meant; looked up. @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND */
  confirm(container: string, signal: AbortSignal): Promise<void>;
  /** True when it runs now; looked up. */
  running(signal: AbortSignal): Promise<boolean>;
  /** Ends `container`, by its full id, until the next {@link start}. */
  rest(container: string, how: OnIdle, signal: AbortSignal): Promise<void>;
  /** Removes what it made; a container that somebody else made stays. */
  remove(signal: AbortSignal): Promise<void>;
}

/**
 * What the daemon needs to know about containers, independent of who runs them.
 *
 * `dockerode.ts` is the implementation for Docker and for Podman's compatible socket; it is loaded when first
 * needed. Facts are a snapshot: whoever enters a namespace verifies it after opening (`sys/`), because a pid may
 * have been reused since.
 */

/** A snapshot of one container. */
export interface Container {
  /** Full 64-digit id. */
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly running: boolean;
  /** Pid of its first process on this machine; 0 when not running. */
  readonly pid: number;
  /** RFC 3339 start time; changes with every restart. */
  readonly startedAt: string;
  /** True with `--network host`: its namespace is the engine's own. */
  readonly hostNetwork: boolean;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something about a container changed; look again. `id` is '' after a resync or reconnect: look at all. */
export interface ContainerChange {
  readonly id: string;
  readonly name: string;
  readonly action: string;
  /** With an `id` of '': all there are, asked for once for all who watch; absent when the engine did not answer. */
  readonly all?: Listing;
}

/** What one list of all containers tells about each. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  /** It has a process, be it paused. */
  readonly running: boolean;
}

export interface Listing {
  named(name: string): Listed | undefined;
  /** @param id all of its 64 digits */
  withId(id: string): Listed | undefined;
}

export interface Engine extends AsyncDisposable {
  /**
   * Finds a container by exact name, full id, or unambiguous id prefix, in this order.
   *
   * @throws {WormholeError} WH_ERR_CONTAINER_NOT_FOUND, WH_ERR_CONTAINER_AMBIGUOUS, WH_ERR_DOCKER_UNAVAILABLE
   */
  find(reference: string, signal: AbortSignal): Promise<Container>;
  list(signal: AbortSignal): Promise<readonly Container[]>;
  /** Calls `onChange` from events and from a periodic resync (events are lossy) until disposed; survives engine restarts. */
  watch(onChange: (change: ContainerChange) => void): Disposable;
  /** Version and address of the engine. @throws {WormholeError} WH_ERR_DOCKER_UNAVAILABLE */
  ping(signal: AbortSignal): Promise<{ readonly version: string; readonly address: string }>;
}

/**
 * The data plane, seen from the control plane: starts the relay workers, opens routes on all of them, stops them.
 *
 * Owns the threads. A worker sits in epoll_wait and cannot be terminated from outside, and a process that exits joins
 * its threads: so stopping is a flag in shared memory plus a write to each worker's eventfd, also done in `exit`, which
 * covers `process.exit()` and uncaught exceptions.
 */
import { availableParallelism } from 'node:os';
import { WormholeError } from '../lib/errors.ts';
import { O_CLOEXEC, O_NONBLOCK } from '../sys/constants.ts';
import { check } from '../sys/errno.ts';
import { OwnedFd } from '../sys/fd.ts';
import { eventfd } from '../sys/libc.ts';
import { passingBytes } from './passing.ts';
import { RelayThread } from './relay-thread.ts';
import type { DataPlane, Route, RouteOptions } from './route.ts';
import { SharedRoute } from './shared-route.ts';
import { neighbourBytes } from './thread/neighbours.ts';

export interface DataPlaneOptions {
  /** Relay threads; default one per core, at most 8. */
  readonly workers?: number;
  /** The compiled worker entry; default beside this file. */
  readonly workerUrl?: URL;
  /** Of `passing.ts`, where others take part in it. */
  readonly passing?: SharedArrayBuffer;
  /** Something an operator must know. */
  readonly onFault?: (message: string) => void;
  /** A worker ended unasked, and its connections with it: the process had better start anew. */
  readonly onDeath?: (error: WormholeError) => void;
}

const WORKERS_MAX = 8;

/** Starts the relay workers. @throws {WormholeError} WH_ERR_INTERNAL when a worker does not start */
export async function startDataPlane(
  options: DataPlaneOptions = {},
): Promise<DataPlane & { readonly workers: number }> {
  const count = options.workers ?? Math.min(WORKERS_MAX, availableParallelism());
  const url = options.workerUrl ?? new URL('./thread/worker.js', import.meta.url);
  const stop = new SharedArrayBuffer(4);
  const passing = options.passing ?? new SharedArrayBuffer(passingBytes);
  const shared = { stop, neighbours: new SharedArrayBuffer(neighbourBytes(count)), passing };
  const onFault = options.onFault ?? (() => {});
  const onExit = (): void => {
    if (Atomics.load(new Int32Array(stop), 0) !== 0) return;
    options.onDeath?.(new WormholeError('WH_ERR_INTERNAL', 'a relay worker ended unasked'));
  };
  const wakeFds = Array.from(
    { length: count },
    () => new OwnedFd(check('eventfd', eventfd(0, O_CLOEXEC | O_NONBLOCK))),
  );
  const threads = wakeFds.map((_, i) => new RelayThread(url, shared, i, wakeFds, onFault, onExit));
  for (const fd of wakeFds) fd[Symbol.dispose]();
  const plane = new SplicePlane(threads, stop);
  try {
    await Promise.all(threads.map((thread) => thread.ready));
  } catch (error) {
    await plane[Symbol.asyncDispose]();
    throw new WormholeError('WH_ERR_INTERNAL', 'a relay worker did not start', { cause: error });
  }
  return plane;
}

class SplicePlane implements DataPlane {
  readonly #threads: readonly RelayThread[];
  readonly #stop: Int32Array;
  readonly #routes = new Set<SharedRoute>();
  readonly #stopNow = (): void => this.#signalStop();
  #numbers = 0;

  constructor(threads: readonly RelayThread[], stop: SharedArrayBuffer) {
    this.#threads = threads;
    this.#stop = new Int32Array(stop);
    process.on('exit', this.#stopNow);
  }

  get workers(): number {
    return this.#threads.length;
  }

  async open(options: RouteOptions): Promise<Route> {
    if (Atomics.load(this.#stop, 0) !== 0) throw new WormholeError('WH_ERR_ABORTED', 'the data plane is stopping');
    if (options.connect !== undefined) {
      throw new WormholeError(
        'WH_ERR_UNSUPPORTED',
        'the relay workers do not read what clients say; use the portable plane',
      );
    }
    // A datagram route's flows must not move between workers: one worker has it alone.
    const number = ++this.#numbers;
    const threads =
      options.kind === 'datagram' ? this.#threads.filter((_, i) => i === number % this.#threads.length) : this.#threads;
    const route: SharedRoute = new SharedRoute(number, threads, options, () => this.#routes.delete(route));
    this.#routes.add(route);
    return route;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#routes].map((route) => route.close(0)));
    this.#signalStop();
    await Promise.all(this.#threads.map((thread) => thread.exited));
    process.off('exit', this.#stopNow);
  }

  #signalStop(): void {
    Atomics.store(this.#stop, 0, 1);
    for (const thread of this.#threads) thread.wake();
  }
}

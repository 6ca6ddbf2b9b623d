/**
 * Makes a tail exist when a connection comes: once for all that arrive meanwhile, and again when it is gone.
 *
 *            ┌──────────────────── lapse: a container left ──────────────────┐
 *            ▼                                                               │
 *   idle ──ensure──► starting ──► active ────────────────────────────────────┘
 *            ▲           └──► failed, the next attempt not before its back-off
 *            └── nobody waits any more ──┘
 *
 * The steps of one attempt, in this order: containers run ─► they are entered ─► the child's listener is planted ─► ready.
 * Containers and places belong to others; this decides when, how often and how long.
 */
import type { PullProgress } from '../../docker/runner.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { ColdStart as ColdStartShape } from '../../spec/api.ts';
import type { Logger } from '../log.ts';
import { reasonOf, type Status } from '../wormhole/status.ts';
import { Allowance } from './allowance.ts';
import { atLeastOne } from './at-least-one.ts';
import { BackOff } from './back-off.ts';
import { ColdStart } from './cold-start.ts';
import { isNotReady, notReady } from './not-ready.ts';
import { Pulling } from './pulling.ts';
import type { Ready } from './ready/target.ts';
import type { Started, StartReport, Workload } from './workload.ts';

/** A client that tries again at once finds its start still under way. */
const CANCEL_AFTER_MS = 3000;
/** Cold starts kept for `inspect`. */
const KEPT = 5;

/** A container of this tail, and which of its members it is. */
export interface Charge {
  readonly member: number;
  readonly workload: Workload;
}

/** What the segment does around its containers. */
export interface Steps {
  /** Resolves when the member's place is the one of this run of this container. */
  entered(charge: Charge, started: Started, signal: AbortSignal): Promise<void>;
  /** Makes the child, if there is one and it is not there yet, and waits until it listens. */
  plant(signal: AbortSignal): Promise<boolean>;
  /** Waits until the container takes connections. @throws {WormholeError} WH_ERR_CONTAINER_FAILED when it ends before */
  ready(charge: Charge, started: Started, signal: AbortSignal): Promise<Ready>;
}

export interface ActivationOptions {
  /** Asked at each attempt. */
  readonly charges: () => readonly Charge[];
  readonly steps: Steps;
  /** From trigger to ready, pulls excluded. */
  readonly timeoutMs: number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Status may have changed. */
  readonly onChange: () => void;
}

/** What a successful attempt leaves: the connection by which the probe found it ready, if it made one. */
export interface Activated extends Ready {
  readonly member: number;
}

export class Activation implements Disposable {
  readonly #options: ActivationOptions;
  readonly #backOff = new BackOff();
  readonly #closed = new AbortController();
  readonly #history: ColdStart[] = [];
  readonly #pulling: Pulling;
  #attempt: Promise<Activated | undefined> | undefined;
  #limit: Allowance | undefined;
  #waiting = 0;
  #cancel: NodeJS.Timeout | undefined;
  #active = false;
  #failure: unknown;

  constructor(options: ActivationOptions) {
    this.#options = options;
    this.#pulling = new Pulling(options.onChange);
  }

  /** All steps are done, and nothing has left since. */
  get active(): boolean {
    return this.#active;
  }

  /** An attempt is under way, or about to begin. */
  get starting(): boolean {
    return this.#attempt !== undefined;
  }

  /** Undefined when there is nothing to say beyond what the members say. */
  get status(): Status | undefined {
    if (this.#limit !== undefined) return { state: 'starting', reason: this.#pulling.describe() };
    if (this.#failure !== undefined) return { state: 'failed', reason: reasonOf(this.#failure) };
    return this.#active ? undefined : { state: 'idle', reason: '' };
  }

  /** How far a pull is; undefined when nothing is pulled. */
  get pull(): PullProgress | undefined {
    return this.#pulling.progress;
  }

  /** The last ones, newest first. */
  get coldStarts(): readonly ColdStartShape[] {
    return this.#history.map((trace) => trace.describe());
  }

  /**
   * Carries out the steps, or joins those under way.
   *
   * @param signal whoever asks may leave: when all have left, the attempt is given up after a moment
   * @returns the probe's connection goes to the first who asked
   * @throws {WormholeError} why it could not be made to exist
   */
  async ensure(signal: AbortSignal): Promise<Activated | undefined> {
    const first = this.#attempt === undefined;
    this.#attempt ??= this.#try();
    this.#join();
    const leave = (): void => this.#leave();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      const activated = await this.#attempt;
      return first ? activated : undefined;
    } finally {
      signal.removeEventListener('abort', leave);
      if (!signal.aborted) this.#leave();
    }
  }

  /** Something it had started is gone: the next connection starts it again. */
  lapse(): void {
    this.#active = false;
    this.#options.onChange();
  }

  /** The first connection after an attempt was served: its last stations. */
  served({ acceptedAt, dialedAt, firstByteAt }: { acceptedAt: number; dialedAt: number; firstByteAt: number }): void {
    const trace = this.#history[0];
    trace?.reach('accepted', acceptedAt);
    trace?.reach('dialed', dialedAt);
    trace?.reach('first-byte', firstByteAt);
  }

  /** Gives up what is under way. */
  [Symbol.dispose](): void {
    clearTimeout(this.#cancel);
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the wormhole is closed'));
  }

  #join(): void {
    this.#waiting += 1;
    clearTimeout(this.#cancel);
  }

  #leave(): void {
    this.#waiting -= 1;
    if (this.#waiting > 0 || this.#attempt === undefined) return;
    const reason = new WormholeError('WH_ERR_ABORTED', 'nobody waits for it any more');
    this.#cancel = setTimeout(() => this.#limit?.abort(reason), CANCEL_AFTER_MS);
  }

  async #try(): Promise<Activated | undefined> {
    const { onChange } = this.#options;
    try {
      // Whoever comes too early hears of the last failure; that is not another one.
      await this.#backOff.wait(this.#closed.signal);
      return await this.#once();
    } finally {
      this.#attempt = undefined;
      clearTimeout(this.#cancel);
      onChange();
    }
  }

  async #once(): Promise<Activated | undefined> {
    const { log, onChange, timeoutMs } = this.#options;
    const trace = new ColdStart();
    try {
      using limit = new Allowance(timeoutMs, () => notReady(timeoutMs), this.#closed.signal);
      this.#limit = limit;
      this.#active = false;
      onChange();
      const activated = await this.#steps(trace, limit);
      this.#active = true;
      this.#failure = undefined;
      this.#backOff.succeeded();
      return activated;
    } catch (error) {
      trace.fail(reasonOf(error));
      if (!isCancelled(error)) {
        this.#failure = error;
        this.#backOff.failed(error);
        log.warn({ err: error, retryInMs: this.#backOff.leftMs }, 'the target could not be started');
      }
      throw error;
    } finally {
      this.#limit = undefined;
      if (trace.eventful) this.#keep(trace);
    }
  }

  #keep(trace: ColdStart): void {
    this.#history.unshift(trace);
    this.#history.length = Math.min(this.#history.length, KEPT);
  }

  async #steps(trace: ColdStart, limit: Allowance): Promise<Activated | undefined> {
    const { charges, steps } = this.#options;
    const { signal } = limit;
    const report: StartReport = { trace, pulling: (progress) => this.#pulling.note(progress, limit) };
    const fresh: Charge[] = [];
    const enter = async (charge: Charge): Promise<readonly [Charge, Started]> => {
      const started = await charge.workload.start(report, signal);
      if (started.fresh) fresh.push(charge);
      await steps.entered(charge, started, signal);
      trace.reach('entered');
      return [charge, started];
    };
    try {
      const running = await atLeastOne(charges().map(enter));
      if (await steps.plant(signal)) trace.reach('planted');
      const ready = await atLeastOne(
        running.map(async ([charge, started]): Promise<Activated> => {
          if (!started.fresh) return { member: charge.member };
          const { socket } = await steps.ready(charge, started, signal);
          trace.reach('ready');
          return { member: charge.member, ...(socket !== undefined && { socket }) };
        }),
      );
      return firstConnection(ready);
    } catch (error) {
      // What did not become ready is not left running for nobody; it is there to be looked at, and started again.
      await Promise.allSettled(fresh.map(({ workload }) => workload.rest('stop', AbortSignal.timeout(60_000))));
      throw signal.aborted && !isNotReady(error) ? signal.reason : error;
    }
  }
}

function isCancelled(error: unknown): boolean {
  return WormholeError.is(error) && error.code === 'WH_ERR_ABORTED';
}

/** One connection is handed on; the others of a pool's probes are closed. */
function firstConnection(ready: readonly Activated[]): Activated | undefined {
  const [first, ...others] = ready.filter(({ socket }) => socket !== undefined);
  for (const { socket } of others) socket?.[Symbol.dispose]();
  return first ?? ready[0];
}

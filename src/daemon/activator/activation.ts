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
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { ServedTrace } from '../../proxy/route.ts';
import type { ColdStart as ColdStartShape } from '../../spec/api.ts';
import type { Logger } from '../log.ts';
import { reasonOf, type Status } from '../status.ts';
import { atLeastOne } from './at-least-one.ts';
import { BackOff } from './back-off.ts';
import { Callers } from './callers.ts';
import { ColdStart, ColdStarts } from './cold-start.ts';
import { isNotReady, notReady } from './not-ready.ts';
import { PausableDeadline } from './pausable-deadline.ts';
import { Pulling } from './pulling.ts';
import type { Ready } from './ready/target.ts';
import type { MemberWorkload, StartSteps } from './start-steps.ts';
import type { Started, StartReport } from './workload.ts';

/** A client that tries again at once finds its start still under way. */
const CANCEL_AFTER_MS = 3000;
/** Stopping what did not become ready. */
const REST_MS = 60_000;

export interface ActivationOptions {
  /** Asked at each attempt. */
  readonly workloads: () => readonly MemberWorkload[];
  readonly steps: StartSteps;
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

export class Activation implements AsyncDisposable {
  readonly #options: ActivationOptions;
  readonly #backOff = new BackOff();
  readonly #closed = new AbortController();
  readonly #history = new ColdStarts();
  readonly #pulling: Pulling;
  readonly #callers = new Callers<Activated | undefined>(() => this.#cancelSoon());
  /** Attempts under way, one after the other; never rejects. */
  #running: Promise<void> | undefined;
  /** Containers that were started and not found ready; they may run on, because others need them. */
  readonly #doubted = new Set<string>();
  #limit: PausableDeadline | undefined;
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
    return this.#history.describe();
  }

  /**
   * Carries out the steps, or joins those under way.
   *
   * @param signal whoever asks may leave: when all have left, the attempt is given up after a moment
   * @returns the probe's connection, for the first of those who wait; theirs to close
   * @throws {WormholeError} why it could not be made to exist; WH_ERR_ABORTED at once when `signal` aborts
   */
  async ensure(signal: AbortSignal): Promise<Activated | undefined> {
    for (const { aborted } of [signal, this.#closed.signal]) if (aborted) throw givenUp();
    clearTimeout(this.#cancel);
    const activated = this.#callers.wait(signal);
    this.#running ??= this.#run();
    return await activated;
  }

  /** Something it had started is gone: the next connection starts it again. */
  lapse(): void {
    this.#active = false;
    this.#options.onChange();
  }

  /** The first connection after an attempt was served: its last stations. */
  served(trace: ServedTrace): void {
    this.#history.served(trace);
  }

  /** Gives up at once what is under way. */
  abandon(): void {
    clearTimeout(this.#cancel);
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the wormhole is closed'));
    this.#callers.refuse(this.#closed.signal.reason);
  }

  /** Resolves when nothing is under way any more: what was being created is known then, and can be removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.abandon();
    await this.#running;
  }

  /** Nobody waits any more. */
  #cancelSoon(): void {
    clearTimeout(this.#cancel);
    this.#cancel = setTimeout(() => this.#limit?.abort(givenUp()), CANCEL_AFTER_MS);
  }

  async #run(): Promise<void> {
    // Who comes while the remains of a failed attempt are cleared away is there for the next one.
    do await this.#try();
    while (this.#callers.waiting > 0);
    this.#running = undefined;
    clearTimeout(this.#cancel);
    this.#options.onChange();
  }

  async #try(): Promise<void> {
    try {
      // Whoever comes too early hears of the last failure; that is not another one.
      await this.#backOff.wait(this.#closed.signal);
    } catch (error) {
      this.#callers.refuse(error);
      return;
    }
    const trace = new ColdStart();
    const started: MemberWorkload[] = [];
    if (await this.#once(trace, started)) return;
    // What did not become ready is not left running for nobody; it is there to be looked at, and started again.
    using late = new Deadline(REST_MS, this.#closed.signal);
    await Promise.allSettled(started.map((one) => this.#options.steps.stop(one, late.signal)));
  }

  /** @param started filled with what it started @returns whether it succeeded; those who wait know by then */
  async #once(trace: ColdStart, started: MemberWorkload[]): Promise<boolean> {
    const { onChange, timeoutMs } = this.#options;
    using limit = new PausableDeadline(timeoutMs, () => notReady(timeoutMs), this.#closed.signal);
    this.#limit = limit;
    this.#active = false;
    onChange();
    try {
      const activated = await this.#steps(trace, started, limit);
      this.#over(trace);
      this.#active = true;
      this.#failure = undefined;
      this.#backOff.succeeded();
      if (!this.#callers.serve(activated)) activated?.socket?.[Symbol.dispose]();
      return true;
    } catch (error) {
      this.#failed(limit.signal.aborted && !isNotReady(error) ? limit.signal.reason : error, trace);
      return false;
    }
  }

  #failed(error: unknown, trace: ColdStart): void {
    const { log, onChange } = this.#options;
    trace.fail(reasonOf(error));
    this.#over(trace);
    if (!isCancelled(error)) {
      this.#failure = error;
      this.#backOff.failed(error);
      log.warn({ err: error, retryInMs: this.#backOff.leftMs }, 'the target could not be started');
    }
    this.#callers.refuse(error);
    onChange();
  }

  #over(trace: ColdStart): void {
    this.#limit = undefined;
    this.#history.keep(trace);
  }

  async #steps(trace: ColdStart, all: MemberWorkload[], limit: PausableDeadline): Promise<Activated | undefined> {
    const { workloads, steps } = this.#options;
    const { signal } = limit;
    const pulling = (progress: PullProgress | undefined): void => this.#pulling.note(progress, limit);
    const enter = async (one: MemberWorkload): Promise<readonly [MemberWorkload, Started]> => {
      const report: StartReport = { trace, pulling, begun: () => void all.push(one) };
      const started = await one.workload.start(report, signal);
      if (started.fresh) this.#doubted.add(started.container);
      const entered = await steps.entered(one, started, signal);
      trace.reach('entered');
      return [one, entered];
    };
    const running = await atLeastOne(workloads().map(enter));
    if (await steps.plant(signal)) trace.reach('planted');
    const ready = await atLeastOne(
      running.map(async ([one, started]): Promise<Activated> => {
        if (!this.#doubted.has(started.container)) return { member: one.member };
        const { socket } = await steps.ready(one, started, signal);
        this.#doubted.delete(started.container);
        trace.reach('ready');
        return { member: one.member, ...(socket !== undefined && { socket }) };
      }),
    );
    return firstConnection(ready);
  }
}

function givenUp(): WormholeError {
  return new WormholeError('WH_ERR_ABORTED', 'nobody waits for it any more');
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

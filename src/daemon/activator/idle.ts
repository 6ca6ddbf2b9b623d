/**
 * Ends a container that nobody has needed for a while: stops, pauses or removes it, until the next connection.
 *
 * What counts is connections of all wormholes to that container, looked at often enough that a short one is not missed.
 * The race with a connection that arrives just then is closed in three steps: new ones are made to wait, those that came
 * before are counted once more, and only then the container is ended, in its turn.
 */
import type { Logger } from '../log.ts';
import type { Turns } from './turns.ts';
import type { Uses } from './uses.ts';
import type { OnIdle, Workload } from './workload.ts';

/** Between two looks, in milliseconds. */
const LOOK_MS = { least: 20, most: 1000 } as const;

export interface IdleOptions {
  readonly workload: Workload;
  readonly idleMs: number;
  readonly how: OnIdle;
  readonly uses: Uses;
  readonly turns: Turns;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export class IdleWatch implements AsyncDisposable {
  readonly #options: IdleOptions;
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #total = 0;
  #resting: Promise<void> | undefined;

  constructor(options: IdleOptions) {
    this.#options = options;
  }

  /** It runs now: idleness is counted from here on. */
  arm(): void {
    this.#since = performance.now();
    this.#total = 0;
    this.#next();
  }

  /** It runs no longer. */
  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Waits for an end under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DOMException('no longer watched', 'AbortError'));
    this.disarm();
    await this.#resting;
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#closed.signal.aborted) return;
    const after = Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, this.#options.idleMs / 4));
    this.#timer = setTimeout(() => this.#look(), after).unref();
  }

  #look(): void {
    const { workload, uses } = this.#options;
    const { container } = workload;
    if (container === undefined) return this.#next();
    const { busy, total } = uses.count(container);
    const now = performance.now();
    if (busy > 0 || total !== this.#total) this.#since = now;
    this.#total = total;
    if (now - this.#since < uses.idleMs(container)) return this.#next();
    this.#resting = this.#rest(container).finally(() => {
      this.#resting = undefined;
    });
  }

  async #rest(container: string): Promise<void> {
    const { workload, how, uses, turns, log, idleMs } = this.#options;
    try {
      const rested = await turns.run(container, async () => {
        if (!(await uses.suspend(container))) return false;
        try {
          await workload.rest(how, this.#closed.signal);
        } catch (error) {
          await uses.resume(container);
          throw error;
        }
        return true;
      });
      if (rested) {
        log.info({ container, idleMs, how }, 'container was idle');
        return;
      }
    } catch (err) {
      if (!this.#closed.signal.aborted) log.warn({ err, container }, 'an idle container could not be ended');
    }
    this.#since = performance.now();
    this.#next();
  }
}

/**
 * Ends a container that nobody has needed for a while: stops, pauses or removes it, until the next connection.
 *
 * What counts is connections of all wormholes to that container, looked at often enough that a short one is not missed.
 */
import type { Logger } from '../log.ts';
import { endUnused } from './end-unused.ts';
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
  #container: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #total = 0;
  #resting: Promise<void> | undefined;

  constructor(options: IdleOptions) {
    this.#options = options;
  }

  /** `container` runs and is open to connections: idleness is counted from here on. */
  arm(container: string): void {
    this.#container = container;
    this.#since = performance.now();
    this.#next();
  }

  /** It runs no longer. */
  disarm(): void {
    this.#container = undefined;
    clearTimeout(this.#timer);
  }

  /** Waits for an end under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DOMException('no longer watched', 'AbortError'));
    this.disarm();
    await this.#resting;
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#closed.signal.aborted || this.#container === undefined) return;
    const after = Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, this.#options.idleMs / 4));
    this.#timer = setTimeout(() => this.#look(), after).unref();
  }

  #look(): void {
    const { uses } = this.#options;
    const container = this.#container;
    if (container === undefined) return;
    if (this.#resting !== undefined) return this.#next();
    const { busy, total } = uses.count(container);
    const now = performance.now();
    // Fewer than before: a wormhole that led there is gone, and what came through it meanwhile is not known.
    if (busy > 0 || total !== this.#total) this.#since = now;
    this.#total = total;
    if (now - this.#since < uses.idleMs(container)) return this.#next();
    this.#resting = this.#rest(container).finally(() => {
      this.#resting = undefined;
    });
  }

  async #rest(container: string): Promise<void> {
    const { how, log, idleMs } = this.#options;
    try {
      if (await endUnused({ ...this.#options, container }, this.#closed.signal)) {
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

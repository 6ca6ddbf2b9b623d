/**
 * Time that may be used up, in pieces: stands still while something outside its purpose is waited for.
 */
export class PausableDeadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #reason: () => unknown;
  #leftMs: number;
  #since = 0;
  #holds = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param reason what the signal aborts with when the time is used up */
  constructor(ms: number, reason: () => unknown, ...parents: readonly AbortSignal[]) {
    this.#leftMs = ms;
    this.#reason = reason;
    this.#parents = parents;
    for (const parent of parents) {
      if (parent.aborted) this.#controller.abort(parent.reason);
      else parent.addEventListener('abort', this.#follow, { once: true });
    }
    this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stands still until as many times {@link go}. */
  hold(): void {
    if (this.#holds++ > 0) return;
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#since;
  }

  go(): void {
    if (--this.#holds === 0) this.#run();
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#holds += 1;
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#follow);
  }

  #run(): void {
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.#controller.abort(this.#reason()), Math.max(0, this.#leftMs));
  }

  readonly #follow = (event: Event): void => {
    this.#controller.abort((event.target as AbortSignal).reason);
  };
}

/**
 * Time limits of single operations.
 *
 * A {@link Deadline} is a signal for one operation: it aborts after a time, or with any of the longer-lived signals it was made from.
 *
 * Unlike `AbortSignal.any` with `AbortSignal.timeout` it lets go of everything when disposed: the daemon's own
 * signal lives for months, and would keep a dependant for every question ever asked.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param ms until it aborts with a `TimeoutError`; Infinity = never */
  constructor(ms: number, ...parents: readonly AbortSignal[]) {
    this.#parents = parents;
    for (const parent of parents) {
      if (parent.aborted) this.#controller.abort(parent.reason);
      else parent.addEventListener('abort', this.#follow, { once: true });
    }
    if (ms !== Infinity) {
      const late = (): void => this.#controller.abort(new DOMException(`nothing within ${ms} ms`, 'TimeoutError'));
      this.#timer = setTimeout(late, ms);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the operation now. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** The time no longer counts; the parents still do. */
  disarm(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.disarm();
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (event: Event): void => {
    this.#controller.abort((event.target as AbortSignal).reason);
  };
}

/** The result of `work`, unless `signal` aborts first; what `work` comes to then is nobody's concern. */
export async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort: () => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([over, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

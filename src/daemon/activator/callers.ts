/**
 * Those who wait for one thing, e.g. a start: each may leave at any moment, and of what there is only one of, the first
 * who stayed gets it.
 *
 * Who leaves is off the list in the same step in which the signal aborts, so that nothing is ever handed to nobody.
 */
import { WormholeError } from '../../lib/errors.ts';

interface Caller<T> {
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class Callers<T> {
  readonly #callers = new Set<Caller<T>>();
  readonly #onEmpty: () => void;

  /** @param onEmpty the last one has left */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  get waiting(): number {
    return this.#callers.size;
  }

  /**
   * @returns what it came to, for the first of those who wait; undefined for the others
   * @throws {WormholeError} WH_ERR_ABORTED at once when `signal` aborts; whatever they are {@link refuse}d with
   */
  async wait(signal: AbortSignal): Promise<T | undefined> {
    let leave: () => void = () => undefined;
    try {
      return await new Promise<T | undefined>((resolve, reject) => {
        const caller = { resolve, reject };
        this.#callers.add(caller);
        leave = () => {
          if (!this.#callers.delete(caller)) return;
          reject(new WormholeError('WH_ERR_ABORTED', 'no longer waited for', { cause: signal.reason }));
          if (this.#callers.size === 0) this.#onEmpty();
        };
        signal.addEventListener('abort', leave, { once: true });
      });
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** @returns false when nobody is there to take `value` */
  serve(value: T): boolean {
    const [first, ...others] = this.#empty();
    first?.resolve(value);
    for (const { resolve } of others) resolve(undefined);
    return first !== undefined;
  }

  refuse(error: unknown): void {
    for (const { reject } of this.#empty()) reject(error);
  }

  #empty(): readonly Caller<T>[] {
    const callers = [...this.#callers];
    this.#callers.clear();
    return callers;
  }
}

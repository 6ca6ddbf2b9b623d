/** A value that is there at times, and those who wait for it. */
import { within } from '../../lib/deadline.ts';

export class Latch<T> {
  readonly #waiting = new Set<{ readonly resolve: (value: T) => void; readonly reject: (error: Error) => void }>();
  #value: T | undefined;
  #failure: Error | undefined;

  get value(): T | undefined {
    return this.#value;
  }

  open(value: T): void {
    this.#value = value;
    for (const { resolve } of this.#take()) resolve(value);
  }

  /** It is not there any more; who comes now waits for the next. */
  shut(): void {
    this.#value = undefined;
  }

  /** It will not be there again. */
  fail(error: Error): void {
    this.#value = undefined;
    this.#failure = error;
    for (const { reject } of this.#take()) reject(error);
  }

  /** @throws what it failed with, or the reason of `signal` */
  async wait(signal: AbortSignal): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#value !== undefined) return this.#value;
    let forget = (): void => undefined;
    const next = new Promise<T>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.add(waiter);
      forget = () => void this.#waiting.delete(waiter);
    });
    try {
      return await within(signal, next);
    } finally {
      forget();
    }
  }

  #take(): ReadonlyArray<{ readonly resolve: (value: T) => void; readonly reject: (error: Error) => void }> {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}

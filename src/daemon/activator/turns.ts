/**
 * One at a time for each container: starting, stopping and pausing, whoever wants it.
 *
 * A connection that arrives while its container is being stopped waits for the stop to end, and starts it again.
 */
import { within } from '../../lib/deadline.ts';

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Containers that somebody acts on. */
  get size(): number {
    return this.#last.size;
  }

  /**
   * Runs `work` when everything before it for the same `key` has ended.
   *
   * @param signal gives the place in the queue up; work that has begun ends it by itself
   */
  async run<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(() => {
      signal.throwIfAborted();
      return work();
    });
    const settled = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    await within(signal, before);
    return await mine;
  }
}

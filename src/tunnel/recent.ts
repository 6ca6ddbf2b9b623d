/**
 * An answer that several ask for at nearly the same time: a list of all tunnels asks the kernel for the same lists again and again.
 *
 * It is good for a moment, and only as long as we have changed nothing; what others change is seen that much later.
 */

/** Milliseconds: short for a person, long for a loop. */
const GOOD_MS = 200;

export class Recent<T> {
  readonly #ask: () => Promise<T>;
  readonly #generation: () => number;
  readonly #goodMs: number;
  #answer: Promise<T> | undefined;
  #askedAt = 0;
  #of = -1;

  /** @param generation another number when something was changed @param goodMs how long an answer is good otherwise */
  constructor(ask: () => Promise<T>, generation: () => number, goodMs = GOOD_MS) {
    this.#ask = ask;
    this.#generation = generation;
    this.#goodMs = goodMs;
  }

  get(): Promise<T> {
    const now = performance.now();
    const generation = this.#generation();
    if (this.#answer === undefined || this.#of !== generation || now - this.#askedAt > this.#goodMs) {
      this.#of = generation;
      this.#askedAt = now;
      const answer = this.#ask();
      this.#answer = answer;
      // A failure is asked about again.
      answer.catch(() => {
        if (this.#answer === answer) this.#answer = undefined;
      });
    }
    return this.#answer;
  }
}

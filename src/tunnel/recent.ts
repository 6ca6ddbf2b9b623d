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
  #goodUntil = 0;
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
    if (this.#answer === undefined || this.#of !== generation || now > this.#goodUntil) {
      this.#of = generation;
      // While it is under way all share it.
      this.#goodUntil = Number.POSITIVE_INFINITY;
      const answer = this.#ask();
      this.#answer = answer;
      answer.then(
        () => this.#came(answer, now),
        // A failure is asked about again.
        () => this.#answer === answer && (this.#answer = undefined),
      );
    }
    return this.#answer;
  }

  /** A long answer is good for longer, or a list would spend its time with looking again. */
  #came(answer: Promise<T>, askedAt: number): void {
    if (this.#answer !== answer) return;
    const took = performance.now() - askedAt;
    this.#goodUntil = askedAt + this.#goodMs + 3 * took;
  }
}

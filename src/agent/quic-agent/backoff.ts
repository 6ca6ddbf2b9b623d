/**
 * How long to wait before the next dial: not at all after a connection that had stood, then longer each time, never at the
 * same moment as everybody else.
 */

const FIRST_MS = 200;
const LONGEST_MS = 10_000;

export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** A connection stood. */
  succeeded(): void {
    this.#failures = -1;
  }

  /** Milliseconds to wait after the failure, or the loss, that has just been. */
  next(): number {
    this.#failures += 1;
    if (this.#failures === 0) return 0;
    const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#failures - 1));
    return most * (0.5 + this.#random() / 2);
  }
}

/**
 * Few lines for the log, however often something happens: a token bucket that counts what it keeps back.
 */

/** Lines at once after silence, unless told otherwise. */
const usualBurst = 10;
/** Lines per second in the long run. */
const perSecond = 1;

export class LineRate {
  readonly #now: () => number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number;
  #suppressed = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now(), burst = usualBurst) {
    this.#now = now;
    this.#burst = burst;
    this.#tokens = burst;
    this.#refilledAt = now();
  }

  /** @returns how many were kept back since the last line, when there may be one now; undefined when not */
  take(): number | undefined {
    const now = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilledAt) / 1000) * perSecond);
    this.#refilledAt = now;
    if (this.#tokens < 1) {
      this.#suppressed += 1;
      return undefined;
    }
    this.#tokens -= 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}

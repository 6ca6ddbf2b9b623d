/**
 * A log-scale histogram of durations in a caller's Float64Array, so that it may lie in shared memory.
 *
 * Eight buckets per decade from 1 µs to 100 s: a quantile is the geometric middle of its bucket, off by at
 * most the square root of the bucket growth, ±15.5 %. One writer per slice; readers may look at any time and
 * merge the slices of several writers.
 */

const BUCKETS_PER_DECADE = 8;
const DECADES = 8; // 1 µs … 100 s

/** Numbers that one histogram occupies. */
export const HISTOGRAM_SLOTS = BUCKETS_PER_DECADE * DECADES;

/** Largest relative error of a quantile within 1 µs … 100 s; shorter and longer durations count as these. */
export const HISTOGRAM_ERROR = 10 ** (1 / (2 * BUCKETS_PER_DECADE)) - 1;

/** A view of one histogram; creating another over the same slice shows the same counts. */
export class Histogram {
  readonly #slots: Float64Array;

  /** @param slots exactly {@link HISTOGRAM_SLOTS} numbers, borrowed */
  constructor(slots: Float64Array = new Float64Array(HISTOGRAM_SLOTS)) {
    if (slots.length !== HISTOGRAM_SLOTS) throw new RangeError(`a histogram has ${HISTOGRAM_SLOTS} slots`);
    this.#slots = slots;
  }

  /** Counts one duration in microseconds. */
  add(us: number): void {
    const bucket = us > 1 ? Math.min(HISTOGRAM_SLOTS - 1, Math.floor(Math.log10(us) * BUCKETS_PER_DECADE)) : 0;
    this.#slots[bucket] = (this.#slots[bucket] ?? 0) + 1;
  }

  /** Adds what `other` counted. */
  merge(other: Histogram): void {
    for (let i = 0; i < HISTOGRAM_SLOTS; i++) {
      this.#slots[i] = (this.#slots[i] ?? 0) + (other.#slots[i] ?? 0);
    }
  }

  get count(): number {
    let count = 0;
    for (const n of this.#slots) count += n;
    return count;
  }

  /** Microseconds that a share `p` (0–1) of the durations did not exceed; null when nothing was counted. */
  quantile(p: number): number | null {
    const { count } = this;
    if (count === 0) return null;
    const rank = Math.max(1, Math.ceil(p * count));
    let seen = 0;
    for (let i = 0; i < HISTOGRAM_SLOTS; i++) {
      seen += this.#slots[i] ?? 0;
      if (seen >= rank) return 10 ** ((i + 0.5) / BUCKETS_PER_DECADE);
    }
    return null;
  }
}

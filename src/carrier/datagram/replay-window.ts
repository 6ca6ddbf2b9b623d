/**
 * Which packet numbers have come, as far back as the window reaches: a ring of bits that is never shifted.
 *
 * A packet is asked about before it is opened and marked after it was authenticated: who forges one changes nothing.
 * @see RFC 6479
 */

const wordBits = 32;
/** One word more than the window needs, because the word of the highest number is only partly used. */
const words = 256;

/** Numbers below the highest that can still be told apart: a datagram of 64 KiB is 54 packets. */
export const windowSize = (words - 1) * wordBits;

export class ReplayWindow {
  readonly #bits = new Uint32Array(words);
  #highest = 0;

  /** The highest number that was marked; 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** False when `number` came already, or is too old to tell. */
  isFresh(number: number): boolean {
    if (number > this.#highest) return true;
    if (number === 0 || number + windowSize <= this.#highest) return false;
    return ((this.#bits[wordOf(number)] as number) & bitOf(number)) === 0;
  }

  /** `number`, which is fresh, has come. */
  mark(number: number): void {
    if (number > this.#highest) {
      const from = Math.floor(this.#highest / wordBits);
      const steps = Math.min(Math.floor(number / wordBits) - from, words);
      for (let step = 1; step <= steps; step += 1) this.#bits[(from + step) % words] = 0;
      // A jump over the whole ring clears all of it, whichever word it started at.
      this.#highest = number;
    }
    (this.#bits[wordOf(number)] as number) |= bitOf(number);
  }
}

const wordOf = (number: number): number => Math.floor(number / wordBits) % words;
const bitOf = (number: number): number => 1 << (number % wordBits);

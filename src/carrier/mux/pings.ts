/**
 * Questions for a sign of life that were not answered yet.
 */
import { WormholeError } from '../../lib/errors.ts';

/** Questions at once. */
const maxAsked = 256;

interface Asked {
  readonly at: number;
  readonly resolve: ((ms: number) => void) | undefined;
  readonly reject: ((reason: Error) => void) | undefined;
}

export class Pings {
  readonly #asked = new Map<number, Asked>();
  #last = 0;

  /** @returns the opaque number to send */
  ask(at: number, resolve?: (ms: number) => void, reject?: (reason: Error) => void): number {
    this.#last = (this.#last + 1) >>> 0;
    // A peer that lives and never answers must not cost more with every question.
    const [oldest] = this.#asked.keys();
    if (this.#asked.size >= maxAsked && oldest !== undefined) this.#drop(oldest);
    this.#asked.set(this.#last, { at, resolve, reject });
    return this.#last;
  }

  /** @returns milliseconds it took; undefined when nobody asked */
  answer(opaque: number, now: number): number | undefined {
    const asked = this.#asked.get(opaque);
    if (asked === undefined) return undefined;
    this.#asked.delete(opaque);
    const ms = now - asked.at;
    asked.resolve?.(ms);
    return ms;
  }

  #drop(opaque: number): void {
    this.#asked.get(opaque)?.reject?.(new WormholeError('WH_ERR_TIMEOUT', 'the peer does not answer pings'));
    this.#asked.delete(opaque);
  }

  fail(reason: Error): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject?.(reason);
  }
}

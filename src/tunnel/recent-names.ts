/** A {@link Recent} answer for each of several names, as long as they are few. */
import { Recent } from './recent.ts';

/** Milliseconds: bytes are counted in them, and whoever lists, sends and lists again sees what was sent. */
const GOOD_MS = 5;
/** Beyond it all are forgotten. */
const MOST_NAMES = 256;

export class RecentNames<T> {
  readonly #ask: (name: string) => Promise<T>;
  readonly #generation: () => number;
  readonly #answers = new Map<string, Recent<T>>();

  /** @param generation another number when something was changed */
  constructor(ask: (name: string) => Promise<T>, generation: () => number) {
    this.#ask = ask;
    this.#generation = generation;
  }

  get(name: string): Promise<T> {
    const known = this.#answers.get(name);
    if (known === undefined && this.#answers.size >= MOST_NAMES) this.#answers.clear();
    const found = known ?? new Recent(() => this.#ask(name), this.#generation, GOOD_MS);
    this.#answers.set(name, found);
    return found.get();
  }
}

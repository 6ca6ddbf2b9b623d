/**
 * Guests of an earlier life of this daemon: their containers are kept for the length of a lease, in which their owners may
 * ask for them again; then, or once an owner has said that it has no use for them, they are nobody's.
 */
import { placeOf, type Whose } from './owner.ts';

export class Returning implements Disposable {
  readonly #onOver: () => void;
  readonly #timer: NodeJS.Timeout;
  /** What the owners that have come back still want, by place. */
  readonly #wanted = new Map<string, ReadonlySet<string>>();
  #over = false;

  /** @param ms length of a lease, from now on @param onOver something is not expected any more */
  constructor(ms: number, onOver: () => void) {
    this.#onOver = onOver;
    this.#timer = setTimeout(() => this.#end(), ms).unref();
  }

  /** @param id GUEST~PLACE; of a wormhole that is no guest never */
  expects(id: string): boolean {
    const mark = id.lastIndexOf('~');
    if (this.#over || mark < 0) return false;
    const wanted = this.#wanted.get(id.slice(mark + 1));
    return wanted === undefined || wanted.has(id);
  }

  /** An owner has come back, and wants those. */
  rolled(whose: Whose, keys: ReadonlySet<string>): void {
    if (this.#over) return;
    this.#wanted.set(placeOf(whose), keys);
    this.#onOver();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#over = true;
  }

  #end(): void {
    this.#over = true;
    this.#wanted.clear();
    this.#onOver();
  }
}

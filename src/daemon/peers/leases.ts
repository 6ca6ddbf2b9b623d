/** How long what runs for somebody is kept when no link to it is left. */
import { placeOf, type Whose } from './owner.ts';

export class Leases implements Disposable {
  readonly #ms: number;
  readonly #onEnd: (whose: Whose) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** @param ms length of a lease */
  constructor(ms: number, onEnd: (whose: Whose) => void) {
    this.#ms = ms;
    this.#onEnd = onEnd;
  }

  /** No link is left. @param client a program, which will not come back as the same */
  begin(whose: Whose, client: boolean): void {
    this.cancel(whose);
    const place = placeOf(whose);
    const end = (): void => {
      this.#timers.delete(place);
      this.#onEnd(whose);
    };
    this.#timers.set(place, setTimeout(end, client ? 0 : this.#ms).unref());
  }

  /** It is linked. */
  cancel(whose: Whose): void {
    const place = placeOf(whose);
    clearTimeout(this.#timers.get(place));
    this.#timers.delete(place);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

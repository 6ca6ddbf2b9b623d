/**
 * Numbers that events carry: 32 bits of them, so after the last the first come again, but for those that are in use.
 */

export class EventIds {
  #last: number;

  constructor(last = 0) {
    this.#last = last;
  }

  /** @param used those that are @returns never 0 */
  next(used: { has(id: number): boolean }): number {
    do this.#last = (this.#last + 1) >>> 0;
    while (this.#last === 0 || used.has(this.#last));
    return this.#last;
  }
}

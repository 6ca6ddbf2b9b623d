/**
 * A list as it was found, and what of it belongs to something: looked up, not searched for, because each of many tunnels asks about itself.
 */

export class Listed<T> {
  readonly all: readonly T[];
  readonly #keyOf: (one: T) => string | number;
  #index: Map<string | number, T[]> | undefined;

  constructor(all: readonly T[], keyOf: (one: T) => string | number) {
    this.all = all;
    this.#keyOf = keyOf;
  }

  /** Those with that key, in the order of the list. */
  of(key: string | number): readonly T[] {
    this.#index ??= this.#indexed();
    return this.#index.get(key) ?? [];
  }

  has(key: string | number): boolean {
    return this.of(key).length > 0;
  }

  /** With the first question. */
  #indexed(): Map<string | number, T[]> {
    const index = new Map<string | number, T[]>();
    for (const one of this.all) {
      const key = this.#keyOf(one);
      const others = index.get(key);
      if (others === undefined) index.set(key, [one]);
      else others.push(one);
    }
    return index;
  }
}

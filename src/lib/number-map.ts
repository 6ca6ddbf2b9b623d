/**
 * A map from numbers (32 bits, unsigned) to objects that come and go all the time, many times a second.
 *
 * A `Map` of which as much is deleted as added makes a new table every few dozen times, and each old one leads to the next, for
 * iterators that may be under way. When one of them has once reached the old generation, all that was in any later one looks
 * alive to the collector of the young: more than half of what connections leave behind was copied, promoted, and left for the
 * collector of everything. Here a table changes only when it grows or shrinks, and leads nowhere.
 *
 * Open addressing, linear probing, nothing left where something was deleted. Where a number belongs is different in each map, so
 * that whoever chooses the numbers cannot make them meet.
 */
import { randomInt } from 'node:crypto';

const leastBits = 4;

export class NumberMap<T extends object> {
  readonly #factor = randomInt(2 ** 31) * 2 + 1;
  #bits = leastBits;
  #keys = new Uint32Array(1 << leastBits);
  #values: (T | undefined)[] = empty(leastBits);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): T | undefined {
    return this.#values[this.#find(key)];
  }

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  set(key: number, value: T): void {
    const at = this.#find(key);
    const fresh = this.#values[at] === undefined;
    this.#keys[at] = key;
    this.#values[at] = value;
    if (!fresh) return;
    this.#size += 1;
    if (this.#size * 2 > this.#values.length) this.#resize(this.#bits + 1);
  }

  /** @returns false when there was none */
  delete(key: number): boolean {
    const mask = this.#values.length - 1;
    let hole = this.#find(key);
    if (this.#values[hole] === undefined) return false;
    // What follows moves up, unless it would come before the place where it belongs.
    for (let at = (hole + 1) & mask; this.#values[at] !== undefined; at = (at + 1) & mask) {
      const found = this.#keys[at] as number;
      if (((at - this.#home(found)) & mask) < ((at - hole) & mask)) continue;
      this.#keys[hole] = found;
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#values[hole] = undefined;
    this.#size -= 1;
    if (this.#bits > leastBits && this.#size * 16 < this.#values.length) this.#resize(this.#bits - 1);
    return true;
  }

  /** All there are now, in no order. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  #home(key: number): number {
    return Math.imul(key, this.#factor) >>> (32 - this.#bits);
  }

  /** Where it is, or would be. */
  #find(key: number): number {
    const mask = this.#values.length - 1;
    let at = this.#home(key);
    while (this.#values[at] !== undefined && this.#keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #resize(bits: number): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#bits = bits;
    this.#keys = new Uint32Array(1 << bits);
    this.#values = empty(bits);
    for (const [from, value] of values.entries()) {
      if (value === undefined) continue;
      const key = keys[from] as number;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = value;
    }
  }
}

function empty<T>(bits: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length: 1 << bits });
}

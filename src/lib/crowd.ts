/**
 * A set of objects that come and go all the time, many times a second: each knows its seat.
 *
 * Not a `Set`, for the reason in `number-map.ts`.
 */
export interface Seated {
  /** Its crowd's alone; any number before. */
  seat: number;
}

export class Crowd<T extends Seated> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** @param member of no crowd */
  add(member: T): void {
    member.seat = this.#members.length;
    this.#members.push(member);
  }

  /** @returns false when it was not there */
  delete(member: T): boolean {
    if (this.#members[member.seat] !== member) return false;
    const last = this.#members.pop() as T;
    if (last === member) return true;
    this.#members[member.seat] = last;
    last.seat = member.seat;
    return true;
  }

  /** All there are now, in no order. */
  all(): T[] {
    return [...this.#members];
  }
}

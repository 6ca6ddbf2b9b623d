/**
 * Whose turn it is among the members of a pool: a place in shared memory, so that all workers of a route take turns together.
 *
 * A rotation for each worker would be fair to none but those clients that one worker serves.
 */

/** The cell holds the number of members that its place is among, above the place. */
const PLACE_BITS = 16;
const PLACE = (1 << PLACE_BITS) - 1;

/** See the module header. */
export class Rotation {
  readonly #cell: Int32Array;

  /** @param cell one Int32, 0 at first; shared or not */
  constructor(cell: Int32Array = new Int32Array(1)) {
    this.#cell = cell;
  }

  /**
   * Takes a turn: the next one begins behind the place that was taken. Another number of members begins anew.
   *
   * @param members their number, below 2¹⁵
   * @param choose what is taken when it is the turn of place `from`; called again when another worker was faster
   */
  take<T>(members: number, choose: (from: number) => { readonly taken: T; readonly place: number }): T {
    for (;;) {
      const before = Atomics.load(this.#cell, 0);
      const { taken, place } = choose(before >> PLACE_BITS === members ? before & PLACE : 0);
      const after = (members << PLACE_BITS) | ((place + 1) % members);
      if (Atomics.compareExchange(this.#cell, 0, before, after) === before) return taken;
    }
  }
}

/**
 * Connections that the test carries by hand, byte for byte, and cuts where it likes; everything follows from one seed.
 *
 * As a network does: order is kept, chunks are cut anywhere, one end may hear of a loss long before the other, and bytes
 * that were under way are lost.
 */
import type { BytePipe, PipeUser } from '../../src/carrier/byte-pipe.ts';

/** Numbers that look random, the same for the same seed. */
export function dice(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e37_79b9) >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes under way in one direction that make the writer wait. */
const fullAt = 16 * 1024;

class LinkEnd implements BytePipe {
  #under: Buffer = Buffer.alloc(0);
  #full = false;
  #ended = false;
  #endTold = false;
  #closed = false;
  user: PipeUser | undefined;
  other: LinkEnd | undefined;

  start(user: PipeUser): void {
    this.user = user;
  }

  write(slices: readonly Buffer[]): boolean {
    if (this.#closed || this.#ended) return true;
    this.#under = Buffer.concat([this.#under, ...slices]);
    if (this.#under.length < fullAt) return true;
    this.#full = true;
    return false;
  }

  end(): void {
    this.#ended = true;
  }

  destroy(): void {
    this.close();
    this.other?.lose();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get idle(): boolean {
    return this.#closed || (this.#under.length === 0 && (!this.#ended || this.#endTold));
  }

  /** Some bytes arrive at the other end. @returns how many */
  carry(max: number): number {
    const bytes = this.#under.subarray(0, max);
    this.#under = this.#under.subarray(bytes.length);
    if (bytes.length > 0) this.other?.user?.onBytes(Buffer.from(bytes));
    if (this.#full && this.#under.length === 0) {
      this.#full = false;
      if (!this.#closed) this.user?.onDrain();
    }
    if (this.#ended && this.#under.length === 0 && !this.#endTold) {
      this.#endTold = true;
      if (this.other?.closed === false) this.other.user?.onEnd();
    }
    return bytes.length;
  }

  /** What is under way will never arrive. */
  lose(): void {
    this.#under = Buffer.alloc(0);
  }

  /** This end hears that the connection is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#under = Buffer.alloc(0);
    this.user?.onClose();
  }
}

/** A connection that lives until `budget` bytes have been carried. */
export class Link {
  readonly near = new LinkEnd();
  readonly far = new LinkEnd();
  #budget: number;
  #dead = false;

  constructor(budget: number) {
    this.#budget = budget;
    this.near.other = this.far;
    this.far.other = this.near;
  }

  get over(): boolean {
    return this.near.closed && this.far.closed;
  }

  /** Something happens, as `roll` decides. */
  step(roll: (below: number) => number): void {
    const from = roll(2) === 0 ? this.near : this.far;
    if (this.#dead || this.near.closed || this.far.closed) {
      // Cut. Each end hears of it in its own time; bytes that are written meanwhile go nowhere.
      from.lose();
      if (roll(20) === 0) from.close();
      return;
    }
    const size = roll(4) === 0 ? 1 + roll(8) : 1 + roll(8_000);
    this.#budget -= from.carry(Math.min(size, Math.max(this.#budget, 0)));
    if (this.#budget <= 0) this.#dead = true;
  }
}

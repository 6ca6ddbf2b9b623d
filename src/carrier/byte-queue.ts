/**
 * Bytes in order, as the slices they came in: first in, first out, nothing copied unless asked for.
 */
import { isVolatile } from '../lib/volatile.ts';
import type { Held } from './memory.ts';

/** Below this a slice that has to wait is copied: an object and its slice cost more than the bytes. */
export const smallSlice = 4 * 1024;

/** Slices that are copied each by itself: more of them cost more, in memory and in work, than their bytes. */
const apart = 16;

/** Bytes of the blocks that waiting small slices are gathered in. */
const blockSize = 16 * 1024;

export class ByteQueue {
  #slices: Buffer[] = [];
  #head = 0;
  #bytes = 0;
  /** The block that the last slice lies in, and how much of it is used; undefined when the last slice is not ours. */
  #block: Buffer | undefined;
  #used = 0;
  readonly #held: Pick<Held, 'add'> | undefined;

  /** @param held is told how many bytes wait */
  constructor(held?: Pick<Held, 'add'>) {
    this.#held = held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest slice; it stays. */
  get first(): Buffer | undefined {
    return this.#slices[this.#head];
  }

  /** @param changes it will, when this has returned: it is copied, and behind some others that wait together with them */
  push(slice: Buffer, changes = false): void {
    if (slice.length === 0) return;
    if (changes && this.#slices.length - this.#head >= apart) return this.#gather(slice);
    this.#slices.push(changes ? Buffer.from(slice) : slice);
    this.#count(slice.length);
    this.#block = undefined;
  }

  /**
   * As push, for bytes that may wait long: what they hold in memory is at most four times their number.
   *
   * A slice keeps the whole buffer alive that it was cut from; a peer that sends single bytes to a stream which nobody
   * reads would else hold 64 KiB with each of them.
   */
  keep(slice: Buffer): void {
    const wasteful = slice.length * 4 < slice.buffer.byteLength;
    const stays = this.#bytes === 0 || (slice.length >= smallSlice && !wasteful);
    if (stays && !isVolatile(slice)) this.push(slice);
    else this.#gather(slice);
  }

  #gather(slice: Buffer): void {
    const { length } = slice;
    const block = this.#block;
    if (block !== undefined && this.#used + length <= block.length) {
      slice.copy(block, this.#used);
      const last = this.#slices.length - 1;
      const grown = this.#used + length;
      // The reader may have taken part of the last slice already: keep its beginning.
      const start = (this.#slices[last] as Buffer).byteOffset - block.byteOffset;
      this.#slices[last] = block.subarray(start, grown);
      this.#used = grown;
      this.#count(length);
      return;
    }
    const fresh = Buffer.allocUnsafeSlow(Math.max(blockSize, length));
    slice.copy(fresh, 0);
    this.push(fresh.subarray(0, length));
    this.#block = fresh;
    this.#used = length;
  }

  /** Copies what would not stay. */
  settle(): void {
    for (let at = this.#head; at < this.#slices.length; at += 1) {
      const slice = this.#slices[at] as Buffer;
      if (isVolatile(slice)) this.#slices[at] = Buffer.from(slice);
    }
  }

  /** The next slice, at most `max` bytes of it. */
  shift(max = Infinity): Buffer | undefined {
    const slice = this.#slices[this.#head];
    if (slice === undefined) return undefined;
    if (slice.length > max) {
      this.#slices[this.#head] = slice.subarray(max);
      this.#count(-max);
      return slice.subarray(0, max);
    }
    if (this.#slices.length === 1) {
      // Mostly; and setting the length takes long.
      this.#slices.pop();
      this.#block = undefined;
      this.#count(-slice.length);
      return slice;
    }
    this.#slices[this.#head] = undefined as never;
    this.#head += 1;
    if (this.#head === this.#slices.length) {
      this.#slices.length = 0;
      this.#head = 0;
      this.#block = undefined;
    } else if (this.#head >= 1_024) {
      this.#slices.splice(0, this.#head);
      this.#head = 0;
    }
    this.#count(-slice.length);
    return slice;
  }

  /** Forgets everything. */
  clear(): void {
    this.#slices = [];
    this.#head = 0;
    this.#count(-this.#bytes);
    this.#block = undefined;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#held?.add(bytes);
  }

  /** Calls `take` with the waiting slices from byte `offset` on, oldest first, until it says false; they stay. */
  each(offset: number, take: (slice: Buffer) => boolean): void {
    let skip = offset;
    for (let at = this.#head; at < this.#slices.length; at += 1) {
      const slice = this.#slices[at] as Buffer;
      if (skip >= slice.length) skip -= slice.length;
      else {
        if (!take(skip === 0 ? slice : slice.subarray(skip))) return;
        skip = 0;
      }
    }
  }

  /** Drops the oldest `count` bytes. */
  drop(count: number): void {
    let left = count;
    while (left > 0) {
      const slice = this.shift(left);
      if (slice === undefined) return;
      left -= slice.length;
    }
  }
}

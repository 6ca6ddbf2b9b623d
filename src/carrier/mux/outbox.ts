/**
 * Frames on their way into one write: headers and small payloads gathered in blocks, large payloads by reference.
 *
 * Whoever takes the slices may keep them for ever (a resumable pipe does): no block is used twice.
 */
import type { ByteQueue } from '../byte-queue.ts';
import { headerBytes, writeHeader } from './frame.ts';

/** Bytes of the blocks that are gathered in. */
const blockSize = 64 * 1024;

/** Up to here a payload is copied: two slices in a writev cost more than that. */
const copyBelow = 2 * 1024;

export class Outbox {
  #slices: Buffer[] = [];
  #bytes = 0;
  #block = Buffer.alloc(0);
  /** Of the block: where the gathered bytes begin that are no slice yet, and where they end. */
  #from = 0;
  #to = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** A frame without payload, or the header of one whose payload follows. */
  frame(type: number, flags: number, id: number, length: number): void {
    this.#reserve(headerBytes);
    writeHeader(this.#block, this.#to, type, flags, id, length);
    this.#to += headerBytes;
    this.#bytes += headerBytes;
  }

  /** The first `count` bytes of `queue`, which has as many. */
  payload(queue: ByteQueue, count: number): void {
    let left = count;
    while (left > 0) {
      const slice = queue.shift(left);
      if (slice === undefined) return;
      left -= slice.length;
      if (slice.length < copyBelow) {
        this.#reserve(slice.length);
        slice.copy(this.#block, this.#to);
        this.#to += slice.length;
      } else {
        this.#cut();
        this.#slices.push(slice);
      }
    }
    this.#bytes += count;
  }

  /** Everything since the last call, in order. */
  take(): Buffer[] {
    this.#cut();
    const slices = this.#slices;
    this.#slices = [];
    this.#bytes = 0;
    return slices;
  }

  #reserve(count: number): void {
    if (this.#to + count <= this.#block.length) return;
    this.#cut();
    this.#block = Buffer.allocUnsafeSlow(blockSize);
    this.#from = 0;
    this.#to = 0;
  }

  /** What was gathered becomes a slice. */
  #cut(): void {
    if (this.#from === this.#to) return;
    this.#slices.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}

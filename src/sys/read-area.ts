/**
 * Memory that descriptors are read into: one block of a thread, used again with the next read, so that bulk makes no garbage.
 *
 * What is handed on of it is volatile (`lib/volatile.ts`), though typed like any other slice.
 */
import { declareVolatile } from '../lib/volatile.ts';
import { NativeMemory } from './memory.ts';

/** Bytes that go at once in bulk, out of one descriptor or into one: each time wakes the other end, and more leave the processor's cache. */
export const bulkBytes = 256 * 1024;
/** How often a descriptor is read in bulk before it is another's turn. */
export const turnReads = 2;

export class ReadArea extends NativeMemory {
  constructor(size: number) {
    super(size);
    declareVolatile(this.buffer.buffer);
  }
}

/**
 * Memory that descriptors are read into: one block of a thread, used again with the next read, so that bulk makes no garbage.
 *
 * What is handed on of it is volatile (`lib/volatile.ts`), though typed like any other slice.
 */
import { declareVolatile } from '../lib/volatile.ts';
import { NativeMemory } from './memory.ts';

export class ReadArea extends NativeMemory {
  constructor(size: number) {
    super(size);
    declareVolatile(this.buffer.buffer);
  }
}

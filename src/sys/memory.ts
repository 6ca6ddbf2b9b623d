/**
 * Native memory that JavaScript and the kernel share: allocated once, addressed by number, never moved.
 *
 * For the length of the process: nothing here is ever freed, so allocate per thread or per module, never per
 * connection.
 */
import { calloc, memoryAt } from './libc.ts';

/** A block of native memory. */
export class NativeMemory {
  /** Address for system calls. */
  readonly address: number;
  readonly size: number;
  /** The same bytes for JavaScript. */
  readonly buffer: Buffer;
  readonly view: DataView;

  /** @param size bytes; zeroed */
  constructor(size: number) {
    this.address = calloc(size);
    this.size = size;
    const bytes = memoryAt(this.address, size);
    this.buffer = Buffer.from(bytes);
    this.view = new DataView(bytes);
  }

  /** The pointer that stands at `offset`: 48 bits at most, so exact. A BigInt would be an object each time. */
  pointer(offset: number): number {
    return this.view.getUint32(offset + 4, true) * 2 ** 32 + this.view.getUint32(offset, true);
  }
}

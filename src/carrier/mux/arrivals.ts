/**
 * What came on a stream and was not read yet. What is coming at this moment may be volatile: it is offered first, and
 * kept only if nobody takes it.
 */
import { kept } from '../../lib/volatile.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { Held } from '../memory.ts';

export class Arrivals {
  readonly #queue: ByteQueue;
  /** Comes after all that is in the queue. */
  #passing: Buffer | undefined;

  constructor(held?: Held) {
    this.#queue = new ByteQueue(held);
  }

  get bytes(): number {
    return this.#queue.bytes + (this.#passing?.length ?? 0);
  }

  /** @param offer tells the reader that there is something; it may clear everything */
  receive(slice: Buffer, offer: () => void): void {
    this.#passing = slice;
    offer();
    const left = this.#passing as Buffer | undefined;
    this.#passing = undefined;
    if (left !== undefined) this.#queue.keep(left);
  }

  /** The next bytes; volatile ones are good until the caller returns. */
  readNow(): Buffer | undefined {
    const slice = this.#queue.shift();
    if (slice !== undefined) return slice;
    const passing = this.#passing;
    this.#passing = undefined;
    return passing;
  }

  /** The next bytes, the reader's to keep. */
  read(): Buffer | undefined {
    const slice = this.readNow();
    return slice === undefined ? undefined : kept(slice);
  }

  clear(): void {
    this.#queue.clear();
    this.#passing = undefined;
  }
}

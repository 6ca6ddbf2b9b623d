/**
 * Where sent bytes are kept: blocks of one size in a row, filled from the end and given back at the beginning.
 *
 * Blocks go round in a pool of the thread, because bulk would else make so much garbage that collecting it costs more than
 * everything that is done with the bytes.
 */

/** Bytes of a block. */
const blockBytes = 256 * 1024;
/** Blocks that the pool holds at most; more than one fast link has under way. */
const poolBlocks = 64;

const pool: Buffer[] = [];

export class LogMemory {
  readonly #blocks: Buffer[] = [];
  /** Bytes of the first block that were given back; of the last one that are used. */
  #from = 0;
  #to = blockBytes;

  /** Copies `bytes` behind what is there. */
  append(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#to === blockBytes) {
        this.#blocks.push(pool.pop() ?? Buffer.allocUnsafeSlow(blockBytes));
        this.#to = 0;
      }
      const count = bytes.copy(this.#blocks[this.#blocks.length - 1] as Buffer, this.#to, at);
      this.#to += count;
      at += count;
    }
  }

  /** Up to `limit` bytes from byte `offset` on, in order. They stay until they are dropped. */
  slices(offset: number, limit: number): Buffer[] {
    const slices: Buffer[] = [];
    let at = this.#from + offset;
    for (let left = limit; left > 0; ) {
      const index = Math.floor(at / blockBytes);
      const block = this.#blocks[index];
      if (block === undefined) break;
      const start = at - index * blockBytes;
      const end = Math.min(index === this.#blocks.length - 1 ? this.#to : blockBytes, start + left);
      if (end <= start) break;
      slices.push(block.subarray(start, end));
      left -= end - start;
      at += end - start;
    }
    return slices;
  }

  /** Gives the first `count` bytes back. */
  drop(count: number): void {
    this.#from += count;
    while (this.#from >= blockBytes) {
      this.#from -= blockBytes;
      giveBack(this.#blocks.shift());
    }
    // All of the last one: begun anew, so that an idle session holds nothing.
    if (this.#blocks.length !== 1 || this.#from < this.#to) return;
    giveBack(this.#blocks.pop());
    this.#from = 0;
    this.#to = blockBytes;
  }
}

function giveBack(block: Buffer | undefined): void {
  if (block !== undefined && pool.length < poolBlocks) pool.push(block);
}

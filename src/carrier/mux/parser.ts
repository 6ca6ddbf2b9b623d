/**
 * Cuts the bytes of a pipe into frames, in place.
 *
 * A header is read where it lies; only one that is split between two chunks is put together in twelve bytes of our own.
 * Payload is passed on as it comes, in slices of the chunk: a frame is never waited for, so its length costs no memory.
 */
import { headerBytes } from './frame.ts';

/** Takes what the parser finds. */
export interface FrameSink {
  /**
   * A header that came whole.
   *
   * @returns how many bytes of payload follow; negative to stop parsing for good
   */
  onHeader(version: number, type: number, flags: number, id: number, length: number): number;
  /** Part of the payload; `last` with its end. */
  onPayload(slice: Buffer, last: boolean): void;
}

export class Parser {
  readonly #sink: FrameSink;
  readonly #split = Buffer.allocUnsafeSlow(headerBytes);
  /** Bytes in `#split`. */
  #have = 0;
  /** Bytes of payload to come. */
  #left = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Nothing is passed on any more. */
  stop(): void {
    this.#stopped = true;
  }

  push(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    while (at < end && !this.#stopped) {
      if (this.#left > 0) {
        const take = Math.min(this.#left, end - at);
        this.#left -= take;
        const slice = take === end ? chunk : chunk.subarray(at, at + take);
        at += take;
        this.#sink.onPayload(slice, this.#left === 0);
      } else if (this.#have === 0 && end - at >= headerBytes) {
        this.#header(chunk, at);
        at += headerBytes;
      } else {
        const take = Math.min(headerBytes - this.#have, end - at);
        chunk.copy(this.#split, this.#have, at, at + take);
        this.#have += take;
        at += take;
        if (this.#have < headerBytes) return;
        this.#have = 0;
        this.#header(this.#split, 0);
      }
    }
  }

  #header(bytes: Buffer, at: number): void {
    const version = bytes[at] as number;
    const type = bytes[at + 1] as number;
    const flags = bytes.readUInt16BE(at + 2);
    const follows = this.#sink.onHeader(version, type, flags, bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8));
    if (follows < 0) this.#stopped = true;
    else this.#left = follows;
  }
}

/**
 * What a container wrote, as lines.
 *
 * Without a terminal the engine sends frames: 1 byte stream (1 stdout, 2 stderr), 3 bytes nothing, 4 bytes length, then so many
 * bytes. A line may lie in many frames, and frames of both streams alternate, so each stream has its own unfinished
 * line. With a terminal there is one stream, without frames. Memory is bounded by {@link longestLine} a stream.
 */

/** Bytes of a line that are kept; the rest is dropped. */
export const longestLine = 8 * 1024;

const headerBytes = 8;
const stderrStream = 2;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** The lines of one stream. */
class StreamLines {
  readonly #line = Buffer.allocUnsafe(longestLine);
  #length = 0;
  #begun = false;

  /** @returns the lines that these bytes complete */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(newline, at);
      const part = bytes.subarray(at, end < 0 ? bytes.length : end);
      const kept = part.subarray(0, longestLine - this.#length);
      this.#line.set(kept, this.#length);
      this.#length += kept.length;
      this.#begun = true;
      if (end < 0) break;
      lines.push(...this.end());
      at = end + 1;
    }
    return lines;
  }

  /** @returns the unfinished line, if there is one */
  end(): string[] {
    if (!this.#begun) return [];
    const length = this.#line[this.#length - 1] === carriageReturn ? this.#length - 1 : this.#length;
    this.#length = 0;
    this.#begun = false;
    return [this.#line.toString('utf8', 0, length)];
  }
}

export class LogLines {
  readonly #stdout = new StreamLines();
  readonly #stderr = new StreamLines();
  readonly #header: Buffer | undefined;
  #headerLength = 0;
  /** Bytes of the frame that are still to come. */
  #rest = 0;

  /** @param tty whether the container has a terminal */
  constructor(tty: boolean) {
    this.#header = tty ? undefined : Buffer.alloc(headerBytes);
  }

  /** @throws {RangeError} when these are no frames */
  push(chunk: Uint8Array): string[] {
    const header = this.#header;
    if (header === undefined) return this.#stdout.push(chunk);
    const lines: string[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#rest === 0) {
        const part = chunk.subarray(at, at + headerBytes - this.#headerLength);
        header.set(part, this.#headerLength);
        this.#headerLength += part.length;
        at += part.length;
        if (this.#headerLength < headerBytes) break;
        this.#headerLength = 0;
        this.#rest = header.readUInt32BE(4);
        if ((header[0] ?? 0) > stderrStream) throw new RangeError(`stream ${header[0]} in the log of a container`);
      } else {
        const part = chunk.subarray(at, at + this.#rest);
        lines.push(...(header[0] === stderrStream ? this.#stderr : this.#stdout).push(part));
        this.#rest -= part.length;
        at += part.length;
      }
    }
    return lines;
  }

  /** What was not ended by a newline. */
  end(): string[] {
    return [...this.#stdout.end(), ...this.#stderr.end()];
  }
}

/**
 * The newest log lines in memory, for `wormhole logs`: bounded in bytes, oldest forgotten first.
 */

/** One log line as pino wrote it: a JSON object and a newline. */
export type RawLine = string;

/** Keeps the newest lines and tells followers of new ones. */
export class LogRing {
  readonly #capBytes: number;
  #lines: RawLine[] = [];
  /** Index of the oldest line kept; the array is cut only now and then. */
  #first = 0;
  #bytes = 0;
  readonly #followers = new Set<(line: RawLine) => void>();

  /** @param capBytes memory for lines, in UTF-16 units; one longer line is kept alone */
  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  push(line: RawLine): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    while (this.#bytes > this.#capBytes && this.#first < this.#lines.length - 1) {
      this.#bytes -= this.#lines[this.#first]?.length ?? 0;
      this.#lines[this.#first++] = '';
    }
    if (this.#first > 1024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    for (const follower of this.#followers) follower(line);
  }

  /** The lines kept, oldest first. */
  lines(): readonly RawLine[] {
    return this.#lines.slice(this.#first);
  }

  /** Calls `onLine` for each line from now on, until disposed; it must not throw. */
  follow(onLine: (line: RawLine) => void): Disposable {
    this.#followers.add(onLine);
    return { [Symbol.dispose]: () => void this.#followers.delete(onLine) };
  }
}

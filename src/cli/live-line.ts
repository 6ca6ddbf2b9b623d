/**
 * One line on a terminal that is written over, until it is wiped off; other lines may be written above it.
 */
import type { Sink } from './invocation.ts';

/** Carriage return, then "erase to the end of the line" (ECMA-48 EL). */
const OVER = '\r\u001B[K';

/** Shown on `sink` until disposed, which leaves no trace of it. */
export class LiveLine implements Disposable {
  readonly #sink: Sink;
  #shown = '';

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  show(text: string): void {
    // A terminal that does not know its width says 0.
    const line = text.slice(0, (this.#sink.columns || 80) - 1);
    if (line === this.#shown) return;
    this.#shown = line;
    this.#write(`${OVER}${line}`);
  }

  /** Writes a line that stays. */
  above(line: string): void {
    this.#write(`${this.#shown === '' ? '' : OVER}${line}\n${this.#shown}`);
  }

  /** Wipes it off; it may be shown again. */
  [Symbol.dispose](): void {
    if (this.#shown !== '') this.#write(OVER);
    this.#shown = '';
  }

  /** Nobody waits for it: a terminal that is slow, or gone, must not hold anything up. */
  #write(text: string): void {
    this.#sink.write(text, () => undefined);
  }
}

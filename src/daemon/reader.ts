/**
 * One reader of lines without an end: bounded, and gone with its connection or with the daemon.
 */
import { Readable } from 'node:stream';

/** Bytes that may wait for a slow reader; beyond that lines are dropped for it, and it is told how many. */
const WAITING_BYTES = 1 << 20;

export class Reader<T> {
  readonly stream: Readable;
  readonly #lost: (dropped: number, next: T) => T;
  #dropped = 0;
  #ended = false;

  /**
   * @param lost the line that says how many were dropped before `next`
   * @param onRoom it has read on: there is room for more
   */
  constructor(lost: (dropped: number, next: T) => T, onRoom: () => void = () => undefined) {
    this.#lost = lost;
    // It is asked for more a moment before it has taken what there is.
    this.stream = new Readable({ read: () => queueMicrotask(onRoom) });
  }

  /** It is so slow that lines would be dropped for it. */
  get full(): boolean {
    return this.stream.readableLength > WAITING_BYTES;
  }

  /** Gives it a line, however far behind it is. */
  push(line: T): void {
    if (!this.#ended) this.stream.push(`${JSON.stringify(line)}\n`);
  }

  /** Gives it a line unless it is too slow. */
  offer(line: T): void {
    if (this.full) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) this.push(this.#lost(this.#dropped, line));
    this.#dropped = 0;
    this.push(line);
  }

  /** There is no more to come. */
  end(): void {
    if (!this.#ended && !this.stream.destroyed) this.stream.push(null);
    this.#ended = true;
  }

  /** Goes on until the reader leaves or one of `signals` aborts; `source` is disposed then. */
  follow(source: Disposable, signals: readonly AbortSignal[]): void {
    const end = (): void => {
      source[Symbol.dispose]();
      for (const signal of signals) signal.removeEventListener('abort', end);
      this.end();
    };
    this.stream.once('close', end);
    for (const signal of signals) signal.addEventListener('abort', end, { once: true });
    if (signals.some(({ aborted }) => aborted)) end();
  }
}

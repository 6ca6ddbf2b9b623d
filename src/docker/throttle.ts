/** Passes on the newest of many values, not too often: the first at once, the last always. */
export class Throttle<T> implements Disposable {
  readonly #intervalMs: number;
  readonly #out: (value: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { readonly value: T } | undefined;

  /** @param out must not throw */
  constructor(intervalMs: number, out: (value: T) => void) {
    this.#intervalMs = intervalMs;
    this.#out = out;
  }

  push(value: T): void {
    this.#waiting = { value };
    if (this.#timer === undefined) this.#pass();
  }

  /** What still waits is passed on now; nothing is afterwards. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    const last = this.#waiting;
    this.#waiting = undefined;
    if (last !== undefined) this.#out(last.value);
  }

  #pass(): void {
    const next = this.#waiting;
    this.#waiting = undefined;
    this.#timer = next === undefined ? undefined : setTimeout(() => this.#pass(), this.#intervalMs);
    if (next !== undefined) this.#out(next.value);
  }
}

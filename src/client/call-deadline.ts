/**
 * The end of a call: its time limit and its caller's signals, as one AbortSignal whose reason is a WormholeError.
 */
import { WormholeError } from '../lib/errors.ts';

/** Owns one timer and its listeners; dispose it when the call is over. */
export class CallDeadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #cleanup: Array<() => void> = [];

  /**
   * @param ms     until the signal aborts with WH_ERR_TIMEOUT; 0 = never
   * @param what   what is waited for, for the message
   * @param outer  signals that abort the call with WH_ERR_ABORTED
   */
  constructor(ms: number, what: string, outer: ReadonlyArray<AbortSignal | undefined>) {
    const timer =
      ms > 0 ? setTimeout(() => this.#end('WH_ERR_TIMEOUT', `${what} took longer than ${ms} ms`), ms) : undefined;
    this.#cleanup.push(() => clearTimeout(timer));
    for (const signal of outer) {
      if (signal === undefined) continue;
      const abort = (): void => this.#end('WH_ERR_ABORTED', `${what} was aborted`, signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#cleanup.push(() => signal.removeEventListener('abort', abort));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time limit no longer applies; the outer signals still do. */
  disarm(): void {
    this.#cleanup[0]?.();
  }

  #end(code: 'WH_ERR_TIMEOUT' | 'WH_ERR_ABORTED', message: string, cause?: unknown): void {
    this.#controller.abort(new WormholeError(code, message, { cause }));
  }

  [Symbol.dispose](): void {
    for (const undo of this.#cleanup.splice(0)) undo();
  }
}

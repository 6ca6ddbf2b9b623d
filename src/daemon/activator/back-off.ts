/**
 * How long after a failure the next attempt may begin, and what those hear who come earlier.
 *
 *   first failure: 0.25 s, then twice as long each time up to 30 s, jittered; a success starts anew
 */
import { WormholeError } from '../../lib/errors.ts';
import { backOff, pause } from '../../lib/pause.ts';
import { reasonOf } from '../status.ts';

const DELAYS_MS = [250, 30_000] as const;
/** Shorter delays are waited out by the connection; longer ones end it at once. */
const PATIENCE_MS = 1000;

export class BackOff {
  #delays = backOff(...DELAYS_MS);
  #until = 0;
  #failures = 0;
  #last: unknown;

  /** Milliseconds until the next attempt may begin. */
  get leftMs(): number {
    return Math.max(0, Math.round(this.#until - performance.now()));
  }

  failed(error: unknown): void {
    this.#failures += 1;
    this.#last = error;
    this.#until = performance.now() + this.#delays.next().value;
  }

  succeeded(): void {
    this.#delays = backOff(...DELAYS_MS);
    this.#failures = 0;
    this.#until = 0;
  }

  /** Resolves when an attempt may begin. @throws {WormholeError} WH_ERR_CONTAINER_FAILED when that is not soon */
  async wait(signal: AbortSignal): Promise<void> {
    const { leftMs } = this;
    if (leftMs === 0) return;
    if (leftMs <= PATIENCE_MS) return await pause(leftMs, signal);
    throw new WormholeError(
      'WH_ERR_CONTAINER_FAILED',
      `failed ${this.#failures} times, tried again in ${Math.ceil(leftMs / 1000)} s; last: ${reasonOf(this.#last)}`,
      { cause: this.#last },
    );
  }
}

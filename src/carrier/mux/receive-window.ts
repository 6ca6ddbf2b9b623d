/**
 * How much the peer may still send on a stream, and when it is granted more.
 *
 * Credit goes back when half of the window was read. When that took less than two round trips, or than it may take until an end is
 * given the processor again, the window, not the reader or the path, was what limited the peer, and it doubles: up to the stream's
 * cap and as far as the session's budget goes. So a window ends near four times bandwidth × delay, and stays small for a slow reader.
 */
import type { Held } from '../memory.ts';
import { initialWindow } from './frame.ts';

/** Milliseconds that count as two round trips at least: on a short path of a busy machine it is the ends that take long. */
const shortestMs = 20;

/** Bytes of growth that all streams of a session share. */
export interface GrowthBudget {
  left: number;
  /** Where it is scarce, nothing grows. */
  readonly memory?: Pick<Held, 'scarce'>;
}

export class ReceiveWindow {
  readonly #budget: GrowthBudget;
  readonly #cap: number;
  /** Bytes that the peer may still send. */
  #credit = initialWindow;
  /** Bytes that the reader took since the last grant. */
  #read = 0;
  #size = initialWindow;
  #lastGrant = -Infinity;

  constructor(budget: GrowthBudget, cap: number) {
    this.#budget = budget;
    this.#cap = cap;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns false when the peer sends more than it was granted */
  spend(count: number): boolean {
    this.#credit -= count;
    return this.#credit >= 0;
  }

  /** @returns true when a grant is due */
  took(count: number): boolean {
    this.#read += count;
    return this.#read * 2 >= this.#size;
  }

  /** @returns the credit to grant now */
  grant(now: number, rtt: number | undefined): number {
    let delta = this.#read;
    if (
      rtt !== undefined &&
      now - this.#lastGrant < Math.max(2 * rtt, shortestMs) &&
      this.#budget.memory?.scarce !== true
    ) {
      const growth = Math.min(this.#size, this.#cap - this.#size, this.#budget.left);
      if (growth > 0) {
        this.#budget.left -= growth;
        this.#size += growth;
        delta += growth;
      }
    }
    this.#lastGrant = now;
    this.#read = 0;
    this.#credit += delta;
    return delta;
  }

  /** The stream is over; its growth is for others. */
  release(): void {
    this.#budget.left += this.#size - initialWindow;
    this.#size = initialWindow;
  }
}

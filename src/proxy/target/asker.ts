/**
 * Asking the control plane for targets: when there are none or they are old, once at a time.
 */
import type { RelayWorker } from '../thread/worker-state.ts';

/** Least time between two asks that failed dials cause. */
const REASK_MS = 1000;

/** Of one route in one worker. */
export class Asker {
  readonly #worker: RelayWorker;
  readonly #route: number;
  readonly #enabled: boolean;
  #validUntil = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking = false;
  /** The last answer that came, see `messages.ts`. */
  #answers = 0;

  /** @param enabled false: what was given once is valid for ever */
  constructor(worker: RelayWorker, route: number, enabled: boolean) {
    this.#worker = worker;
    this.#route = route;
    this.#enabled = enabled;
  }

  /** Nothing may be dialed before an answer. */
  get stale(): boolean {
    return this.#enabled && this.#worker.loop.now >= this.#validUntil;
  }

  /** Number of the answer that who waits now will get. */
  get awaited(): number {
    return this.#answers + 1;
  }

  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#askedAt = this.#worker.loop.now;
    this.#worker.post({ type: 'ask', route: this.#route, answers: this.#answers });
  }

  /** Those who waited have left. */
  unask(): void {
    if (!this.#asking) return;
    this.#asking = false;
    this.#worker.post({ type: 'unask', route: this.#route, answers: this.#answers });
  }

  /** Dials failed: what we know may be old, so an answer is wanted, but nobody waits for it. */
  doubt(): void {
    if (this.#enabled && this.#worker.loop.now - this.#askedAt >= REASK_MS) this.ask();
  }

  /**
   * Targets have come. Without any, the next connection asks again.
   *
   * @param answer 0 = nobody asked for them, and what was asked is still to be answered
   * @returns true when those who wait are to be served from them
   */
  learned(answer: number, count: number, validForMs: number): boolean {
    if (answer > 0) this.failed(answer);
    this.#validUntil = count > 0 ? this.#worker.loop.now + validForMs : Number.NEGATIVE_INFINITY;
    return answer > 0 || !this.stale;
  }

  /** No answer will come to what was asked. */
  failed(answer: number): void {
    this.#asking = false;
    this.#answers = answer;
  }
}

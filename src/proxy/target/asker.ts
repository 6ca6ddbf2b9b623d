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

  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#askedAt = this.#worker.loop.now;
    this.#worker.post({ type: 'ask', route: this.#route });
  }

  /** Dials failed: what we know may be old, so an answer is wanted, but nobody waits for it. */
  doubt(): void {
    if (this.#enabled && this.#worker.loop.now - this.#askedAt >= REASK_MS) this.ask();
  }

  answered(validForMs: number): void {
    this.#asking = false;
    this.#validUntil = this.#worker.loop.now + validForMs;
  }

  failed(): void {
    this.#asking = false;
  }
}

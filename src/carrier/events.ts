/**
 * What the carrier tells the log about strangers: few lines, however many strangers there are.
 */

/** One line for the log at level info; it never holds secrets or bytes of a peer's choosing. */
export interface CarrierEvent {
  readonly kind: 'handshake-failed' | 'shed' | 'accept-failed' | 'connection-failed';
  /** The other end, `HOST:PORT`; '' when there is none. */
  readonly address: string;
  /** A stable word or an error code. */
  readonly reason: string;
  /** Events of any kind that were not reported since the last one that was. */
  readonly suppressed: number;
}

/** Lines at once after silence. */
const burst = 10;
/** Lines per second in the long run. */
const perSecond = 1;

/** Passes events on at a bounded rate and counts the rest (a token bucket). */
export class EventRate {
  readonly #emit: (event: CarrierEvent) => void;
  readonly #now: () => number;
  #tokens = burst;
  #refilledAt: number;
  #suppressed = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(emit: (event: CarrierEvent) => void, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
    this.#refilledAt = now();
  }

  report(kind: CarrierEvent['kind'], address: string, reason: string): void {
    const now = this.#now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1000) * perSecond);
    this.#refilledAt = now;
    if (this.#tokens < 1) {
      this.#suppressed += 1;
      return;
    }
    this.#tokens -= 1;
    this.#emit({ kind, address, reason, suppressed: this.#suppressed });
    this.#suppressed = 0;
  }
}

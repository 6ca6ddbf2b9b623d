/**
 * What the carrier tells the log about strangers: few lines, however many strangers there are.
 */
import { LineRate } from '../lib/line-rate.ts';

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

/** Passes events on at a bounded rate and counts the rest. */
export class EventRate {
  readonly #emit: (event: CarrierEvent) => void;
  readonly #rate: LineRate;

  /** @param now milliseconds of a monotonic clock */
  constructor(emit: (event: CarrierEvent) => void, now?: () => number) {
    this.#emit = emit;
    this.#rate = new LineRate(now);
  }

  report(kind: CarrierEvent['kind'], address: string, reason: string): void {
    const suppressed = this.#rate.take();
    if (suppressed !== undefined) this.#emit({ kind, address, reason, suppressed });
  }
}

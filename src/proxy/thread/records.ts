/**
 * Records of closed connections on their way from a worker to the log: batched, bounded, never in the way.
 *
 * A burst beyond the bound is counted instead of kept; the counters of the route are exact in any case.
 */
import type { FromRelay } from '../messages.ts';
import type { ConnectionRecord } from '../route.ts';
import { Timer, type Timers } from './timers.ts';

const FLUSH_MS = 50;
/** Records kept per route and flush: 20,000 a second, more than any log is read at. */
const KEPT = 1000;

/** Per route and worker. */
export class Records extends Timer {
  readonly #route: number;
  readonly #timers: Timers;
  readonly #post: (message: FromRelay) => void;
  #batch: ConnectionRecord[] = [];
  #dropped = 0;

  constructor(route: number, timers: Timers, post: (message: FromRelay) => void) {
    super();
    this.#route = route;
    this.#timers = timers;
    this.#post = post;
  }

  add(record: () => ConnectionRecord, now: number): void {
    if (this.#batch.length >= KEPT) this.#dropped++;
    else this.#batch.push(record());
    if (this.next === undefined) this.#timers.arm(this, now + FLUSH_MS);
  }

  flush(): void {
    this.#timers.disarm(this);
    if (this.#batch.length === 0) return;
    this.#post({ type: 'records', route: this.#route, records: this.#batch, dropped: this.#dropped });
    this.#batch = [];
    this.#dropped = 0;
  }

  override onTimer(): void {
    this.flush();
  }
}

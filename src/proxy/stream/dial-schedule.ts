/**
 * When one connection dials which address: pure, no clock and no sockets of its own.
 *
 *     begin(order) ─► next ─► attempt ─failed─► next ─► attempt ─failed─► next ─► round-over
 *          ▲                                                                          │ pauseMs
 *          └──────────────────────────── pick again ◄─────────────────────────────────┘
 *
 * The next address is tried at once when one fails; an address that does not answer may not eat the time of
 * the others; rounds start at least 100 ms apart; everything ends `connectTimeoutMs` after the first round
 * began. Time that a connection was parked before that, because its targets had first to be found or started,
 * belongs to whoever made them.
 */
import type { UpstreamTarget } from '../route.ts';

/** Least time between the starts of two rounds of one connection. */
const ROUND_MS = 100;
/** What an address gets at least, before the next is tried instead. */
const ATTEMPT_MIN_MS = 250;

/** What to do now: dial {@link DialSchedule.target}, pause for the next round, or close the client. */
export type DialStep = 'attempt' | 'round-over' | 'timeout';

/** The attempts of one connection. All times are milliseconds of one clock that never jumps. */
export class DialSchedule<T extends UpstreamTarget = UpstreamTarget> {
  readonly #connectTimeoutMs: number;
  #deadline = -1;
  #roundStart = 0;
  #order: readonly T[] = [];
  #at = -1;

  /** @param connectTimeoutMs for all attempts together; 0 = no limit but the kernel's */
  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs > 0 ? connectTimeoutMs : Number.POSITIVE_INFINITY;
  }

  /** Starts a round over `order` (borrowed); the first one starts the clock. */
  begin(order: readonly T[], now: number): void {
    if (this.#deadline < 0) this.#deadline = now + this.#connectTimeoutMs;
    this.#roundStart = now;
    this.#order = order;
    this.#at = -1;
  }

  /** Moves to the next address, if there is one and time for it. */
  next(now: number): DialStep {
    if (now >= this.#deadline) return 'timeout';
    this.#at++;
    return this.#at < this.#order.length ? 'attempt' : 'round-over';
  }

  /** The address of the attempt that {@link next} announced. */
  get target(): T {
    const target = this.#order[this.#at];
    if (target === undefined) throw new Error('no attempt is due');
    return target;
  }

  /** True when no other address of the same member follows, so that this failure is the member's. */
  get lastOfMember(): boolean {
    return this.#order[this.#at + 1]?.member !== this.target.member;
  }

  /** Milliseconds that the current attempt may take, from `now`; Infinity when only the kernel limits it. */
  attemptMs(now: number): number {
    const left = this.#deadline - now;
    const candidates = this.#order.length;
    if (candidates < 2) return left;
    return Math.min(left, Math.max(ATTEMPT_MIN_MS, this.#connectTimeoutMs / candidates));
  }

  /** Milliseconds from `now` until the next round may {@link begin}; never beyond the deadline. */
  pauseMs(now: number): number {
    const next = Math.min(this.#roundStart + ROUND_MS, this.#deadline);
    return Math.max(0, next - now);
  }

  /** Milliseconds left for this connection; Infinity before the first round and without a limit. */
  leftMs(now: number): number {
    return this.#deadline < 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#deadline - now);
  }
}

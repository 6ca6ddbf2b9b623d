/**
 * Whether the other end of a connection lives, and whether it is time to say that we do. Pure: is told of the time.
 *
 * Signs of life are not answered: each end gives its own when it has said nothing for a while.
 */
import type { ResumeLimits } from './limits.ts';

export class Liveness {
  readonly #limits: ResumeLimits;
  #heard = false;
  #heardAt: number;
  #spokeAt: number;
  #tickAt: number;

  constructor(limits: ResumeLimits, now: number) {
    this.#limits = limits;
    this.#heardAt = now;
    this.#spokeAt = now;
    this.#tickAt = now;
  }

  /** A new connection. */
  begin(now: number): void {
    this.#heardAt = now;
    this.#spokeAt = now;
  }

  heard(): void {
    this.#heard = true;
  }

  spoke(now: number): void {
    this.#spokeAt = now;
  }

  /** Whether the connection counts as lost, or a sign of life is due. */
  tick(now: number): 'lost' | 'speak' | 'well' {
    const { tickMs, heartbeatMs, silenceMs } = this.#limits;
    // After a sleep of our own, what the other end said meanwhile was not read yet.
    const slept = now - this.#tickAt > Math.max(4 * tickMs, silenceMs / 2);
    this.#tickAt = now;
    if (this.#heard || slept) this.#heardAt = now;
    this.#heard = false;
    if (now - this.#heardAt >= silenceMs) return 'lost';
    return now - this.#spokeAt >= heartbeatMs ? 'speak' : 'well';
  }
}

/**
 * Counters of one portable route, from its opening to its end. They may lie in shared memory, for readers in another
 * thread; how the members of the pool are is not among them.
 */
import { type Counters, Slot, sumCounters } from '../counters.ts';
import type { Histogram } from '../histogram.ts';
import type { MemberHealth, RouteStats } from '../route.ts';
import type { SendReport } from './datagram-end.ts';

/** Of one direction of one flow: the datagrams that passed, those that did not. */
export class Passed implements SendReport {
  readonly #tally: Tally;
  readonly #direction: 'In' | 'Out';
  bytes = 0;

  constructor(tally: Tally, direction: 'In' | 'Out') {
    this.#tally = tally;
    this.#direction = direction;
  }

  sent(datagrams: number, bytes: number): void {
    this.#tally.add(this.#direction === 'In' ? 'datagramsIn' : 'datagramsOut', datagrams);
    this.#tally.add(this.#direction === 'In' ? 'bytesIn' : 'bytesOut', bytes);
    this.bytes += bytes;
  }

  dropped(datagrams: number): void {
    this.#tally.add('datagramsDropped', datagrams);
  }
}

/** Counted where it happens; read by {@link Tally.stats}. */
export class Tally {
  readonly #counters: Counters;
  /** Bytes of datagrams that wait for a target. */
  heldBytes = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  get dialTimes(): Histogram {
    return this.#counters.dialTimes;
  }

  /** @param slot one of {@link Slot} */
  add(slot: keyof typeof Slot, n: number): void {
    this.#counters.add(Slot[slot], n);
  }

  stats(members: readonly MemberHealth[]): RouteStats {
    return { ...sumCounters([this.#counters], 0), members };
  }
}

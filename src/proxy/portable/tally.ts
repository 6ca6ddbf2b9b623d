/**
 * Counters of one portable route, from its opening to its end.
 */
import { Histogram } from '../histogram.ts';
import type { MemberHealth, RouteStats } from '../route.ts';

/** Counted where it happens; read by {@link Tally.stats}. */
export class Tally {
  open = 0;
  waiting = 0;
  total = 0;
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  datagramsIn = 0;
  datagramsOut = 0;
  datagramsDropped = 0;
  /** Bytes of datagrams that wait for a target. */
  heldBytes = 0;
  readonly dialTimes = new Histogram();

  stats(members: readonly MemberHealth[]): RouteStats {
    return {
      connectionsOpen: this.open,
      connectionsWaiting: this.waiting,
      connectionsTotal: this.total,
      connectionsFailed: this.failed,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      dialP50Ms: this.#dialMs(0.5),
      dialP99Ms: this.#dialMs(0.99),
      datagramsIn: this.datagramsIn,
      datagramsOut: this.datagramsOut,
      datagramsDropped: this.datagramsDropped,
      members,
    };
  }

  #dialMs(p: number): number | null {
    const us = this.dialTimes.quantile(p);
    return us === null ? null : us / 1000;
  }
}

/** What the registry keeps by id: a wormhole, or the memory of one that this version cannot make. */
import type { RouteStats } from '../../proxy/route.ts';
import type { Wormhole as Shape, Stats } from '../../spec/api.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Spot } from './self-proxy.ts';
import { sumStats, toStats } from './stats.ts';
import type { Status } from './status.ts';

export interface Entry {
  readonly id: string;
  readonly status: Status;
  /** For people; null when the spec cannot be planned. */
  readonly plan: Plan | null;
  readonly routeStats: RouteStats;
  /** What to remember of it now. */
  record(): WormholeRecord;
  /** True when it listens where `spot` would. */
  holds(spot: Spot): boolean;
  stats(): Stats;
  describe(): Shape;
  /** Stops accepting and following; resolves when nothing new can come in. */
  stop(): Promise<void>;
  /** Stops; resolves when the last connection has ended, or ends the rest after `drainMs`. May be called again. */
  end(drainMs: number): Promise<void>;
}

/**
 * Remembered, but not made: not yet, or never, because its words are of another version. Listed until deleted.
 */
export class RememberedWormhole implements Entry {
  readonly plan = null;
  readonly routeStats = sumStats([]);
  readonly status: Status;
  readonly #record: WormholeRecord;

  constructor(record: WormholeRecord, status: Status) {
    this.#record = record;
    this.status = status;
  }

  get id(): string {
    return this.#record.id;
  }

  record(): WormholeRecord {
    return this.#record;
  }

  holds(): boolean {
    return false;
  }

  stats(): Stats {
    return toStats(this.routeStats, []);
  }

  describe(): Shape {
    const { id, createdAt } = this.#record;
    // Its words may hold secrets that only a parser could find.
    const unknown = { url: '', spec: '', labels: {}, head: '', targets: [] };
    return { id, ...unknown, ...this.status, createdAt, stats: this.stats() };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the registry keeps by id: a wormhole, or the memory of one that this version cannot make. */
import type { RouteStats } from '../../proxy/route.ts';
import type { Pull, Segment, Wormhole as Shape, Stats } from '../../spec/api.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Status } from '../status.ts';
import type { Spot } from './self-proxy.ts';
import { Unmade } from './unmade.ts';

export interface Entry {
  readonly id: string;
  readonly status: Status;
  /** For people; null when the spec cannot be planned. */
  readonly plan: Plan | null;
  /** How far an image is that is being pulled for it. */
  readonly pull: Pull | undefined;
  readonly routeStats: RouteStats;
  /** Connections that are open, over all its segments. */
  readonly connections: number;
  /** What to remember of it now. */
  record(): WormholeRecord;
  /** True when it listens where `spot` would. */
  holds(spot: Spot): boolean;
  stats(): Stats;
  describe(): Shape;
  /** Each segment for itself, in order. */
  segments(): Segment[];
  /** The same, with those that run on other hosts. */
  segmentsEverywhere(signal: AbortSignal): Promise<Segment[]>;
  /** Stops accepting and following; resolves when nothing new can come in. */
  stop(): Promise<void>;
  /** Stops; resolves when the last connection has ended, or ends the rest after `drainMs`. May be called again. */
  end(drainMs: number): Promise<void>;
  /** Removes the containers that it started; after its {@link end}. @throws {AggregateError} of those that would not go */
  removeContainers(): Promise<void>;
}

/**
 * Remembered, but not made: not yet, or never, because its words are of another version. Listed until deleted.
 */
export class RememberedWormhole extends Unmade implements Entry {
  readonly plan = null;
  readonly pull = undefined;
  readonly status: Status;

  constructor(record: WormholeRecord, status: Status) {
    super(record);
    this.status = status;
  }

  describe(): Shape {
    const { id, createdAt, owner } = this.record();
    const whose = owner === undefined ? {} : { owner };
    // Its words may hold secrets that only a parser could find.
    const unknown = { url: '', spec: '', labels: {}, head: '', targets: [] };
    return { id, ...unknown, ...this.status, createdAt, ...whose, stats: this.stats() };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

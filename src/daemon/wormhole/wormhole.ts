/**
 * One wormhole: its record, its segments, and what can be said and done about it.
 *
 * Owns the segments. Remembering it across restarts is the registry's business.
 */
import type { RouteStats } from '../../proxy/route.ts';
import type { Pull, Segment as SegmentShape, Wormhole as Shape, Stats } from '../../spec/api.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Status } from '../status.ts';
import type { Entry } from './entry.ts';
import { headLabel } from './labels.ts';
import type { Segment } from './segment.ts';
import type { Spot } from './self-proxy.ts';
import { toStats } from './stats.ts';

/** Milliseconds that removing its containers may take. */
const REMOVE_MS = 60_000;

export interface WormholeParts {
  readonly record: WormholeRecord;
  /** For people: secrets redacted, in both. */
  readonly plan: Plan;
  readonly spec: string;
  /** The first. */
  readonly segment: Segment;
}

export class Wormhole implements Entry {
  readonly #parts: WormholeParts;
  #stopping: Promise<void> | undefined;

  constructor(parts: WormholeParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.record.id;
  }

  get plan(): Plan {
    return this.#parts.plan;
  }

  get status(): Status {
    return this.#parts.segment.status;
  }

  get pull(): Pull | undefined {
    const pulls = this.#parts.segment.all.flatMap(({ parts }) => [parts.activation?.pull, parts.child?.pull]);
    return pulls.find((pull) => pull !== undefined);
  }

  get routeStats(): RouteStats {
    return this.#parts.segment.routeStats;
  }

  get connections(): number {
    return this.#parts.segment.all.reduce((sum, { routeStats }) => sum + routeStats.connectionsOpen, 0);
  }

  record(): WormholeRecord {
    const { record, plan, segment } = this.#parts;
    const { head } = segment.parts;
    const learned = segment.all
      .flatMap(({ parts }) => [...parts.followers])
      .flatMap(([label, { identity }]) => (identity === undefined ? [] : [[label, identity]]));
    return {
      ...record,
      ...(plan.segment.head.protocol !== 'unix' &&
        plan.segment.head.port === 0 &&
        head.port > 0 && { port: head.port }),
      ...(learned.length > 0 && { identities: { ...record.identities, ...Object.fromEntries(learned) } }),
    };
  }

  holds(spot: Spot): boolean {
    return this.#parts.segment.all.some((segment) => segment.holds(spot));
  }

  stats(): Stats {
    const { segment } = this.#parts;
    return toStats(
      segment.routeStats,
      segment.parts.tail.members.map(({ label }) => label),
    );
  }

  describe(): Shape {
    const { record, plan, spec, segment } = this.#parts;
    const draining = { state: 'draining', reason: 'deleted; living connections go on' } as const;
    const { state, reason } = this.#stopping === undefined ? this.status : draining;
    return {
      id: record.id,
      url: segment.url,
      spec,
      labels: { ...plan.labels },
      state,
      reason,
      head: headLabel(plan.segment.head),
      targets: segment.parts.tail.members.map(({ label }) => label),
      createdAt: record.createdAt,
      ...(record.owner !== undefined && { owner: record.owner }),
      stats: this.stats(),
    };
  }

  segments(): SegmentShape[] {
    return this.#parts.segment.all.map((segment) => segment.describe());
  }

  async segmentsEverywhere(signal: AbortSignal): Promise<SegmentShape[]> {
    return await this.#parts.segment.describeAll(signal);
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#parts.segment.stop());
  }

  async end(drainMs: number): Promise<void> {
    await this.stop();
    await this.#parts.segment.end(drainMs);
  }

  async removeContainers(): Promise<void> {
    await this.#parts.segment.removeContainers(AbortSignal.timeout(REMOVE_MS));
  }
}

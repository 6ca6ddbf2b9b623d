/**
 * One wormhole: its head, its tail, the route between them, and what can be said and done about it.
 *
 * Owns all three. Remembering it across restarts is the registry's business.
 */
import type { Scope } from '../../lib/scope.ts';
import type { Route, RouteStats } from '../../proxy/route.ts';
import type { Wormhole as Shape, Stats } from '../../spec/api.ts';
import type { Plan } from '../../spec/plan.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Follower } from '../surroundings.ts';
import type { Entry } from './entry.ts';
import type { Head } from './head.ts';
import { headLabel, headUrl } from './labels.ts';
import { type Spot, sharesListener } from './self-proxy.ts';
import { toStats } from './stats.ts';
import { overall, type Status } from './status.ts';
import type { Tail } from './tail.ts';

export interface WormholeParts {
  readonly record: WormholeRecord;
  /** For people: secrets redacted, in both. */
  readonly plan: Plan;
  readonly spec: string;
  readonly head: Head;
  readonly tail: Tail;
  readonly route: Route;
  /** By what they follow, as `labels.ts` writes it. */
  readonly followers: ReadonlyMap<string, Follower>;
  /** Owns head, tail and followers; closing it leaves the route and its connections alone. */
  readonly following: Scope;
  /** Owns everything. */
  readonly scope: Scope;
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
    const { head, tail } = this.#parts;
    return overall(
      head.status,
      tail.members.map(({ status }) => status),
    );
  }

  get routeStats(): RouteStats {
    return this.#parts.route.stats();
  }

  record(): WormholeRecord {
    const { record, plan, head, followers } = this.#parts;
    const learned = [...followers].flatMap(([label, { identity }]) =>
      identity === undefined ? [] : [[label, identity]],
    );
    return {
      ...record,
      ...(plan.segment.head.protocol !== 'unix' &&
        plan.segment.head.port === 0 &&
        head.port > 0 && { port: head.port }),
      ...(learned.length > 0 && { identities: { ...record.identities, ...Object.fromEntries(learned) } }),
    };
  }

  holds(spot: Spot): boolean {
    const { head } = this.#parts;
    return head.status.state === 'up' && head.spot !== undefined && sharesListener(head.spot, spot);
  }

  stats(): Stats {
    return toStats(
      this.#parts.route.stats(),
      this.#parts.tail.members.map(({ label }) => label),
    );
  }

  describe(): Shape {
    const { record, plan, spec, head, tail } = this.#parts;
    const draining = { state: 'draining', reason: 'deleted; living connections go on' } as const;
    const { state, reason } = this.#stopping === undefined ? this.status : draining;
    return {
      id: record.id,
      url: headUrl(plan.segment.head, head.port),
      spec,
      labels: { ...plan.labels },
      state,
      reason,
      head: headLabel(plan.segment.head),
      targets: tail.members.map(({ label }) => label),
      createdAt: record.createdAt,
      stats: this.stats(),
    };
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#parts.following[Symbol.asyncDispose]());
  }

  async end(drainMs: number): Promise<void> {
    await this.stop();
    await this.#parts.route.close(drainMs);
    await this.#parts.scope[Symbol.asyncDispose]();
  }
}

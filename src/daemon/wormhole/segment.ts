/**
 * One segment of a wormhole: a head, a tail, the route between them, the containers it started, and the segment that
 * hangs on it.
 *
 * Owns all of them. Built by `open-segment.ts`; which wormhole it is part of is the business of `wormhole.ts`.
 */
import type { Scope } from '../../lib/scope.ts';
import type { Route, RouteStats } from '../../proxy/route.ts';
import type { ColdStart, Segment as Shape } from '../../spec/api.ts';
import type { SegmentPlan } from '../../spec/plan.ts';
import type { Activation } from '../activator/activation.ts';
import type { Workload } from '../activator/workload.ts';
import { overall, type Status } from '../status.ts';
import type { Follower } from '../surroundings.ts';
import type { Arrival } from './arrival.ts';
import type { Hanging } from './hanging.ts';
import type { Head } from './head.ts';
import { headUrl } from './labels.ts';
import { type Spot, sharesListener } from './self-proxy.ts';
import { toStats } from './stats.ts';
import type { Tail } from './tail.ts';

/** Milliseconds that a child's connections may last when no connection of its parent is left. */
const CHILD_DRAIN_MS = 10_000;

export interface SegmentParts {
  readonly plan: SegmentPlan;
  readonly head: Head | Arrival;
  readonly tail: Tail;
  readonly route: Route;
  readonly activation: Activation | undefined;
  /** Containers that it may start, of its head and of its tail. */
  readonly workloads: readonly Workload[];
  /** What hangs on it by a link. */
  readonly child: Hanging | undefined;
  /** By what they follow, as `labels.ts` writes it. */
  readonly followers: ReadonlyMap<string, Follower>;
  /** Owns head, tail and followers; closing it leaves the route, its connections and the child alone. */
  readonly following: Scope;
  /** Owns everything. */
  readonly scope: Scope;
}

export class Segment {
  readonly parts: SegmentParts;

  constructor(parts: SegmentParts) {
    this.parts = parts;
  }

  /** Its child's, once that was made. */
  get next(): Segment | undefined {
    return this.parts.child?.segment;
  }

  /** This one and all that hang on it, in order. */
  get all(): readonly Segment[] {
    return [this, ...(this.next?.all ?? [])];
  }

  get status(): Status {
    const { head, tail, activation } = this.parts;
    const members = tail.members.map(({ status }) => status);
    return overall({ head: head.status, members, activation: activation?.status, child: this.next?.status });
  }

  get routeStats(): RouteStats {
    return this.parts.route.stats();
  }

  get coldStarts(): readonly ColdStart[] {
    return this.parts.activation?.coldStarts ?? [];
  }

  get url(): string {
    return headUrl(this.parts.plan.head, this.parts.head.port);
  }

  holds(spot: Spot): boolean {
    const { head } = this.parts;
    return head.status.state === 'up' && head.spot !== undefined && sharesListener(head.spot, spot);
  }

  /** For people. */
  describe(): Shape {
    const { tail, workloads } = this.parts;
    const labels = tail.members.map(({ label }) => label);
    return {
      url: this.url,
      ...this.status,
      targets: labels,
      containers: workloads.flatMap(({ container, label }) =>
        container === undefined ? [] : [{ id: container, label }],
      ),
      coldStarts: [...this.coldStarts],
      stats: toStats(this.routeStats, labels),
    };
  }

  /** It and all that hang on it, on other hosts too. */
  async describeAll(signal: AbortSignal): Promise<Shape[]> {
    return [this.describe(), ...((await this.parts.child?.describe(signal)) ?? [])];
  }

  /** Stops accepting and following; resolves when nothing new can come in. Its child listens on, for those inside. */
  stop(): Promise<void> {
    return this.parts.following[Symbol.asyncDispose]();
  }

  /**
   * Resolves when the last connection has ended, or ends the rest after `drainMs`. The child comes after its parent: a
   * page that is being served may need its database.
   */
  async end(drainMs: number): Promise<void> {
    const until = performance.now() + drainMs;
    await this.stop();
    await this.parts.route.close(drainMs);
    // What runs in a container that goes with the wormhole keeps connections open for nobody.
    const most = this.parts.plan.tail.targets.some(({ run }) => run !== undefined)
      ? CHILD_DRAIN_MS
      : Number.POSITIVE_INFINITY;
    await this.next?.end(Math.min(most, Math.max(0, Math.round(until - performance.now()))));
    await this.parts.scope[Symbol.asyncDispose]();
  }

  /** Removes the containers it made, the child's first. @throws {AggregateError} of all that would not go */
  async removeContainers(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (work: Promise<void> | undefined): Promise<void> => {
      await work?.catch((error: unknown) => failures.push(error));
    };
    await attempt(this.parts.child?.remove(signal));
    for (const workload of this.parts.workloads.toReversed()) await attempt(workload.remove(signal));
    if (failures.length > 0) throw new AggregateError(failures, 'containers were not removed');
  }
}

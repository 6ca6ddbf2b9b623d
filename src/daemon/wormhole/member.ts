/**
 * One member of a tail's pool: where it is, and the addresses it is dialed at.
 */
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Destination } from '../../proxy/connect/destination.ts';
import type { UpstreamTarget } from '../../proxy/route.ts';
import type { TargetPlan } from '../../spec/plan.ts';
import type { Place } from '../places/place.ts';
import type { Where } from '../places/where.ts';
import type { PermitTarget } from '../policy/permit.ts';
import { away, failed, type Status, UNKNOWN, UP } from '../status.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Course } from './courses.ts';
import { targetLabel } from './labels.ts';
import { isLiteral } from './literal-host.ts';
import type { MemberTargets, PoolMember } from './pool-member.ts';
import type { Spot } from './self-proxy.ts';

export interface MemberOptions {
  /** Position in the pool. */
  readonly index: number;
  readonly plan: TargetPlan;
  /** e.g. `db@127.0.0.1:3306` */
  readonly label: string;
  readonly surroundings: Pick<Surroundings, 'resolve'>;
  /** From the head before it. */
  readonly course: Pick<Course, 'goes' | 'back'>;
  /** Asked about each address before it is given to the route; throws WH_ERR_POLICY. Absent = anything goes. */
  readonly permit?: (target: PermitTarget) => void;
}

const NOWHERE: MemberTargets = { targets: [], validForMs: Number.POSITIVE_INFINITY };

export class Member implements PoolMember {
  readonly #options: MemberOptions;
  #where: Where | undefined;
  #status: Status = UNKNOWN;
  #failure: unknown;
  /** Ends look-ups that use the place of before. */
  #life = new AbortController();
  readonly #lookups = new Set<Promise<unknown>>();

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get label(): string {
    return this.#options.label;
  }

  get status(): Status {
    return this.#status;
  }

  /** Why it is not up; undefined when it is. */
  get failure(): unknown {
    return this.#failure;
  }

  get index(): number {
    return this.#options.index;
  }

  get plan(): TargetPlan {
    return this.#options.plan;
  }

  /** Throws WH_ERR_POLICY when this may not be dialed from `place`. */
  permit(target: Pick<PermitTarget, 'protocol' | 'host' | 'port' | 'path'>, place: Place): void {
    const { permit, plan } = this.#options;
    permit?.({ ...target, place, own: plan.namespace.kind === 'run' });
  }

  get here(): boolean {
    return this.#where?.state === 'here';
  }

  /** Undefined before the first look. */
  get where(): Where | undefined {
    return this.#where;
  }

  /** Aborts when it leaves the place where it is. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Resolves when nothing uses the place of before any more, so that it may be closed. */
  async moved(where: Where): Promise<void> {
    this.#where = where;
    this.#options.course.goes(this.index, []);
    this.#become(where.state === 'here' ? UP : away(where), where.state === 'here' ? undefined : where.error);
    this.#life.abort();
    this.#life = new AbortController();
    await Promise.allSettled(this.#lookups);
  }

  /**
   * Its addresses now; none of one whose clients name the destination.
   *
   * @throws {WormholeError} when it is not here, its name does not resolve, it leads back to our own head, or is not permitted
   */
  async targets(signal: AbortSignal): Promise<MemberTargets> {
    const where = this.#where;
    const { plan, label } = this.#options;
    try {
      const targets = await this.#inPlace(signal, (place, its) =>
        plan.connect === undefined ? this.#lead(plan, label, place, its) : Promise.resolve(NOWHERE),
      );
      if (where === this.#where) this.#become(UP);
      return targets;
    } catch (error) {
      if (where?.state === 'here' && where === this.#where && !signal.aborted) this.#become(failed(error), error);
      throw error;
    }
  }

  /**
   * Addresses of a destination that a client named, for that client: looked up and dialed from where this is.
   *
   * @throws {WormholeError} as {@link targets}; it says nothing about this member
   */
  async destination({ host, port }: Destination, signal: AbortSignal): Promise<MemberTargets> {
    const plan: TargetPlan = { ...this.#options.plan, protocol: 'tcp', host, port };
    return await this.#inPlace(signal, (place, its) => this.#resolve(plan, targetLabel(plan), place, its));
  }

  /** Carries `look` out where this is; the place stays open as long. */
  async #inPlace<T>(signal: AbortSignal, look: (place: Place, signal: AbortSignal) => Promise<T>): Promise<T> {
    const where = this.#where;
    if (where === undefined) throw new WormholeError('WH_ERR_CONTAINER_STOPPED', UNKNOWN.reason);
    if (where.state !== 'here') throw where.error;
    using deadline = new Deadline(Number.POSITIVE_INFINITY, signal, this.#life.signal);
    const lookup = look(where.place, deadline.signal);
    this.#lookups.add(lookup);
    try {
      return await lookup;
    } finally {
      this.#lookups.delete(lookup);
    }
  }

  #become(status: Status, failure?: unknown): void {
    this.#status = status;
    this.#failure = failure;
  }

  /** As {@link #resolve}, and known from now on for where it leads. */
  async #lead(plan: TargetPlan, label: string, place: Place, signal: AbortSignal): Promise<MemberTargets> {
    const { course, index } = this.#options;
    const where = this.#where;
    try {
      const found = await this.#resolve(plan, label, place, signal);
      const { namespaceId: namespace } = place;
      const spots = found.targets.flatMap(({ address }): Spot[] =>
        address.kind === 'ip' && plan.protocol !== 'unix' ? [{ ...address, protocol: plan.protocol, namespace }] : [],
      );
      if (where === this.#where) course.goes(index, spots);
      return found;
    } catch (error) {
      if (where === this.#where) course.goes(index, []);
      throw error;
    }
  }

  async #resolve(plan: TargetPlan, label: string, place: Place, signal: AbortSignal): Promise<MemberTargets> {
    const { index: member, surroundings, course } = this.#options;
    const { namespace, namespaceId, root } = place;
    if (plan.protocol === 'unix') {
      const path = plan.path ?? '';
      this.permit({ protocol: 'unix', host: '', port: 0, path }, place);
      const inside = root === undefined ? {} : { root: { fd: root.fd } };
      const address = { kind: 'unix', path, ...inside } as const;
      return { targets: [{ member, label, address }], validForMs: Number.POSITIVE_INFINITY };
    }
    const { protocol, port } = plan;
    const { addresses, validForMs } = isLiteral(plan.host)
      ? { addresses: [plan.host], validForMs: Number.POSITIVE_INFINITY }
      : await surroundings.resolve(plan.host, place, signal);
    const targets = addresses.map((host): UpstreamTarget => {
      const way = course.back({ protocol, namespace: namespaceId, host, port });
      if (way !== undefined) throw goesRound(label, way);
      this.permit({ protocol, host, port }, place);
      const address = { kind: 'ip', host, port } as const;
      return { member, label, address, ...(namespace !== undefined && { namespace }) };
    });
    return { targets, validForMs };
  }
}

/** @param way wormholes that it leads through before it comes back */
function goesRound(label: string, way: readonly string[]): WormholeError {
  const how =
    way.length === 0
      ? 'is where this wormhole itself listens'
      : `leads back to this wormhole through ${way.join(', ')}`;
  return new WormholeError('WH_ERR_SELF_PROXY', `${label} ${how}; choose another port or namespace`);
}

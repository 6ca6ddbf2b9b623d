/**
 * The tail of a wormhole: keeps the route's targets current while containers move and names change.
 *
 * A connection that comes while no member is here waits for one, as long as connecting may take; behind an activator,
 * until its containers have been started. Heads that hang on this tail (`child`, `chain`) move with it, and are moved
 * before any connection is let through.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import { backOff } from '../../lib/pause.ts';
import type { Route, Targets } from '../../proxy/route.ts';
import type { Activated, Activation } from '../activator/activation.ts';
import type { OnMove, Where } from '../places/where.ts';
import type { Member } from './member.ts';
import type { PoolMember } from './pool-member.ts';
import { Waiters } from './waiters.ts';

/** When some members did not resolve, they are asked for again after this long. */
const PARTIAL_VALID_MS = 5000;
/** When none did, they are looked for again: first and last delay. */
const RETRY_MS = [1000, 30_000] as const;
const NOBODY: Targets = { targets: [], validForMs: 0 };

export interface TailOptions {
  readonly members: readonly PoolMember[];
  readonly connectTimeoutMs: number;
  /** Absent = everything that the tail names is there without us. */
  readonly activation?: Activation;
  /** Looks whether a container that connections are kept from runs again, and lets them through if so. */
  readonly lookAgain: (container: string, signal: AbortSignal) => Promise<void>;
  /** A member's status may have changed. */
  readonly onChange: () => void;
}

export class Tail implements Disposable {
  readonly members: readonly PoolMember[];
  readonly #options: TailOptions;
  readonly #closed = new AbortController();
  readonly #moved = new Waiters();
  /** Members that new connections are kept from, while their container is being ended. */
  readonly #suspended = new Set<PoolMember>();
  #route: Route | undefined;
  #hanging: OnMove | undefined;
  #told: Promise<void> = Promise.resolve();
  #moves = 0;
  #delays = backOff(...RETRY_MS);
  #again: NodeJS.Timeout | undefined;
  /** Retargets happen one after another, so that an older answer never replaces a newer one. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: TailOptions) {
    this.#options = options;
    this.members = options.members;
  }

  /** The route to keep current; borrowed. */
  serve(route: Route): void {
    this.#route = route;
  }

  /** A head in the place of this tail: told where that is now, and from now on. */
  async hang(onMove: OnMove): Promise<Disposable> {
    this.#hanging = onMove;
    await this.#tellHanging();
    return {
      [Symbol.dispose]: () => {
        this.#hanging = undefined;
      },
    };
  }

  /** Follows a member's place. Resolves when the place of before is no longer used. */
  async moved(member: Member, where: Where): Promise<void> {
    await this.changed(member, () => member.moved(where));
  }

  /** A member comes or goes. Resolves when the route knows. @param move resolves when what was before is no longer used */
  async changed(member: PoolMember, move: () => Promise<void>): Promise<void> {
    this.#moves += 1;
    await move();
    if (member === this.members[0]) await this.#tellHanging();
    this.#suspended.delete(member);
    const { activation } = this.#options;
    if (activation?.active === true && !this.members.some(({ here }) => here)) activation.lapse();
    this.#moved.wake();
    // What was answered from the old place reaches the route before what comes now.
    await nextTurn();
    await this.refresh();
  }

  /**
   * Waits until `member` is somewhere that `holds` says yes to.
   *
   * @returns false when that did not come in `ms`
   * @throws what `signal` aborts with
   */
  async arrived(
    member: PoolMember,
    holds: (where: Where) => boolean,
    ms: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    using late = new Deadline(ms, signal);
    for (;;) {
      if (member.where !== undefined && holds(member.where)) return true;
      if (late.signal.aborted) break;
      await this.#moved.next(late.signal);
    }
    signal.throwIfAborted();
    return false;
  }

  /** Gives the route what the tail resolves to now. */
  async refresh(): Promise<void> {
    const mine = this.#turn.then(() => this.#retarget());
    this.#turn = mine.catch(() => undefined);
    await mine;
    this.#options.onChange();
  }

  /** Keeps new connections from a member, or lets them through again. Resolves when the route does so. */
  async suspend(member: PoolMember, suspended: boolean): Promise<void> {
    if (this.#suspended.has(member) === suspended) return;
    if (suspended) this.#suspended.add(member);
    else this.#suspended.delete(member);
    await this.refresh();
  }

  /**
   * What the route asks when a connection waits.
   *
   * @param waiting aborts when no connection waits any more
   * @throws {WormholeError} when no member can be reached
   */
  async ask(waiting: AbortSignal): Promise<Targets> {
    let activated: Activated | undefined;
    try {
      activated = await this.#activate(waiting);
      const targets = await this.#answer();
      return activated?.socket === undefined ? targets : { ...targets, connected: activated as Required<Activated> };
    } catch (error) {
      activated?.socket?.[Symbol.dispose]();
      throw error;
    } finally {
      this.#options.onChange();
    }
  }

  /** Ends what waits; the route is somebody else's. */
  [Symbol.dispose](): void {
    clearTimeout(this.#again);
    this.#closed.abort(new WormholeError('WH_ERR_ABORTED', 'the wormhole is closed'));
  }

  /** Nobody may be dialed before the activator is done. */
  get #held(): boolean {
    return this.#options.activation?.active === false;
  }

  /** One move at a time: the container may move while the head is only just being hung up. */
  async #tellHanging(): Promise<void> {
    const mine = this.#told.then(async () => {
      const where = this.members[0]?.where;
      if (where !== undefined) await this.#hanging?.(where);
    });
    this.#told = mine.catch(() => undefined);
    await mine;
  }

  async #activate(waiting: AbortSignal): Promise<Activated | undefined> {
    const { activation } = this.#options;
    if (activation === undefined) {
      await this.#revive(waiting);
      return undefined;
    }
    if (activation.active && this.members.some((member) => this.#open(member))) return undefined;
    return await activation.ensure(waiting);
  }

  /** Somebody may have let a paused container go on by hand: that is no move. */
  async #revive(signal: AbortSignal): Promise<void> {
    for (const { where } of this.#suspended) {
      const container = where?.state === 'here' ? where.place.container : undefined;
      if (container !== undefined) await this.#options.lookAgain(container.id, signal);
    }
  }

  async #answer(): Promise<Targets> {
    using deadline = new Deadline(this.#options.connectTimeoutMs, this.#closed.signal);
    const { signal } = deadline;
    for (;;) {
      if (!this.members.some((member) => this.#open(member))) await this.#arrival(signal);
      const moves = this.#moves;
      const targets = await this.#targets(signal).catch((error: unknown) => ({ error }));
      // An answer from a place that was left meanwhile is none.
      if (moves !== this.#moves && !signal.aborted) continue;
      if ('error' in targets) throw targets.error;
      return targets;
    }
  }

  #open(member: PoolMember): boolean {
    return member.here && !this.#suspended.has(member);
  }

  async #targets(signal: AbortSignal): Promise<Targets> {
    const members = this.members.filter((member) => !this.#suspended.has(member));
    const results = await Promise.allSettled(members.map((member) => member.targets(signal)));
    const found = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const missing = results.find((result) => result.status === 'rejected');
    if (found.length === 0) throw missing?.reason ?? suspended();
    const partial = missing === undefined ? Number.POSITIVE_INFINITY : PARTIAL_VALID_MS;
    return {
      targets: found.flatMap(({ targets }) => targets),
      validForMs: Math.min(partial, ...found.map(({ validForMs }) => validForMs)),
    };
  }

  /** Resolves when a member is here, when none will ever be, or when `signal` aborts. */
  async #arrival(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.members.every(({ status }) => status.state === 'gone')) return;
    await this.#moved.next(signal);
  }

  async #retarget(): Promise<void> {
    const route = this.#route;
    if (route === undefined || this.#closed.signal.aborted) return;
    // Without members here, or without an answer, the next connection asks again.
    const targets = this.#held ? NOBODY : await this.#targets(this.#closed.signal).catch(() => NOBODY);
    if (this.#closed.signal.aborted) return;
    await route.retarget(targets);
    this.#lookAgain(targets === NOBODY && !this.#held && this.members.some(({ here }) => here));
  }

  /** Nobody may connect for long; the status should not be stale all that time. */
  #lookAgain(needed: boolean): void {
    clearTimeout(this.#again);
    if (!needed) {
      this.#delays = backOff(...RETRY_MS);
      return;
    }
    this.#again = setTimeout(() => void this.refresh().catch(() => undefined), this.#delays.next().value).unref();
  }
}

function suspended(): WormholeError {
  return new WormholeError('WH_ERR_CONTAINER_STOPPED', 'its container was idle and is stopped or paused');
}

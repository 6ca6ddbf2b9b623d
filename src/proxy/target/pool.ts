/**
 * The pool behind one tail: which members exist, how healthy they look, and in which order one connection
 * tries them.
 *
 * Pure bookkeeping: the dialers report what happened, time and randomness are passed in. Health is passive. A
 * member is *down* from a failed dial on, for 1 s at first and twice as long each time, up to 30 s; then one
 * connection at a time tries it again, and one success heals it. Down members are skipped while any other is
 * up; when all are down all are tried, because a refusal costs less than an outage that we only imagine.
 */
import type { Balance } from '../../spec/plan.ts';
import type { MemberHealth, UpstreamTarget } from '../route.ts';
import { Rotation } from './rotation.ts';
import { sameAddresses } from './same-address.ts';

const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 30_000;
/** How long others leave a member alone that one connection is trying again. */
const PROBE_MS = 1000;
/** A member before its first connection. */
const UNKNOWN = { open: 0, pending: 0, dialed: 0, failed: 0, streak: 0, downUntil: 0, probedUntil: 0 };

/** One member: counters for people, the rest for {@link Pool}. */
interface Member<T extends UpstreamTarget> {
  readonly member: number;
  /** Its addresses, in the order they are tried. */
  targets: T[];
  open: number;
  /** Dials under way. */
  pending: number;
  dialed: number;
  failed: number;
  /** Failures in a row, counted once per back-off: a burst that fails together is one. */
  streak: number;
  downUntil: number;
  probedUntil: number;
}

export interface PoolOptions {
  readonly balance: Balance;
  /** 0 ≤ n < 1, as Math.random. */
  readonly random: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  /** Absent = the pool's own. */
  readonly rotation?: Rotation;
}

/** Members and health of one route; in the splice data plane, of one route in one worker, which shares the rotation with the others. */
export class Pool<T extends UpstreamTarget = UpstreamTarget> {
  readonly #balance: Balance;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #known = new Map<number, Member<T>>();
  /** The members in use, in the order written. */
  #members: readonly Member<T>[] = [];
  readonly #rotation: Rotation;
  /** Counts replacements: of targets picked before one, the descriptors are gone. */
  generation = 0;

  constructor(options: PoolOptions) {
    this.#balance = options.balance;
    this.#random = options.random;
    this.#now = options.now;
    this.#rotation = options.rotation ?? new Rotation();
  }

  /**
   * Replaces the addresses. Members are known by index: those that stay keep their counters and health, and
   * the rotation goes on unless the number of members changed. A member whose addresses changed is thought to be up.
   */
  replace(targets: readonly T[]): void {
    const addresses = new Map<number, T[]>();
    for (const target of targets) {
      const list = addresses.get(target.member);
      if (list === undefined) addresses.set(target.member, [target]);
      else list.push(target);
    }
    const members = [...addresses].map(([index, list]) => this.#replaceMember(index, list));
    this.#members = members;
    this.generation += 1;
    for (const member of this.#known.values()) this.#forgetUnused(member);
  }

  #replaceMember(index: number, targets: T[]): Member<T> {
    const known = this.#known.get(index);
    if (known === undefined) {
      const fresh: Member<T> = { member: index, targets, ...UNKNOWN };
      this.#known.set(index, fresh);
      return fresh;
    }
    if (!sameAddresses(known.targets, targets)) this.#heal(known);
    known.targets = targets;
    return known;
  }

  get empty(): boolean {
    return this.#members.length === 0;
  }

  /** Number of members. */
  get size(): number {
    return this.#members.length;
  }

  /**
   * The addresses that one round of one connection tries, in order; all addresses of a member stand together.
   * Borrowed until the next call of {@link replace}; empty when there are none.
   */
  pick(): readonly T[] {
    const [only] = this.#members;
    if (only === undefined) return [];
    if (this.#members.length === 1) return only.targets;
    const now = this.#now();
    const up = this.#members.filter((member) => !isDown(member, now));
    const eligible = up.length > 0 ? up : this.#members;
    return this.#ordered(eligible).flatMap((member) => member.targets);
  }

  #ordered(eligible: readonly Member<T>[]): readonly Member<T>[] {
    switch (this.#balance) {
      case 'first':
        return eligible;
      case 'random':
        return this.#shuffled(eligible);
      case 'rr':
        return this.#takingTurns((from) => this.#rotated(eligible, from));
      case 'least-conn':
        // the sort is stable: members with equally many connections take turns
        return this.#takingTurns((from) => [...this.#rotated(eligible, from)].sort((a, b) => load(a) - load(b)));
      default:
        return this.#balance satisfies never;
    }
  }

  /** From the member at `from` on and around. */
  #rotated(eligible: readonly Member<T>[], from: number): readonly Member<T>[] {
    const { length } = this.#members;
    for (let i = 0; i < length; i++) {
      const start = eligible.indexOf(this.#members[(from + i) % length] as Member<T>);
      if (start >= 0) return [...eligible.slice(start), ...eligible.slice(0, start)];
    }
    return eligible;
  }

  /** The next rotation starts behind the member that goes first in this one. */
  #takingTurns(order: (from: number) => readonly Member<T>[]): readonly Member<T>[] {
    return this.#rotation.take(this.#members.length, (from) => {
      const members = order(from);
      return { taken: members, place: this.#members.indexOf(members[0] as Member<T>) };
    });
  }

  #shuffled(eligible: readonly Member<T>[]): readonly Member<T>[] {
    const order = [...eligible];
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random() * (i + 1));
      [order[i], order[j]] = [order[j] as Member<T>, order[i] as Member<T>];
    }
    return order;
  }

  /** A dial to `member` starts. */
  dialing(member: number): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.dialed++;
    if (known.streak > 0) known.probedUntil = this.#now() + PROBE_MS;
  }

  /** Dials to `member` under way, one more or one less: a burst must not all go where nobody has arrived yet. */
  pending(member: number, change: 1 | -1): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.pending += change;
    this.#forgetUnused(known);
  }

  /** A dial to the last address of `member` that was left to try has failed. */
  failed(member: number): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.failed++;
    const now = this.#now();
    known.probedUntil = 0;
    if (now < known.downUntil) return;
    known.streak++;
    known.downUntil = now + Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (known.streak - 1));
  }

  /** A dial to `member` succeeded: one more connection is open, and the member is up. */
  opened(member: number): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.open++;
    if (known.streak > 0) this.#heal(known);
  }

  /** `member` gave a sign of life on a connection that is open: what a datagram target has instead of an accept. */
  answered(member: number): void {
    const known = this.#known.get(member);
    if (known !== undefined && known.streak > 0) this.#heal(known);
  }

  /** A connection reported by {@link opened} has ended. */
  closed(member: number): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.open--;
    this.#forgetUnused(known);
  }

  #forgetUnused(known: Member<T>): void {
    if (load(known) === 0 && !this.#members.includes(known)) this.#known.delete(known.member);
  }

  #heal(member: Member<T>): void {
    member.streak = 0;
    member.downUntil = 0;
    member.probedUntil = 0;
  }

  /**
   * Counters and health of the members in use, in the order written, and of those that only living connections hold.
   */
  health(): readonly MemberHealth[] {
    const now = this.#now();
    const left = [...this.#known.values()].filter((known) => !this.#members.includes(known));
    return [...this.#members, ...left].map((known) => ({
      member: known.member,
      open: known.open,
      pending: known.pending,
      dialed: known.dialed,
      failed: known.failed,
      up: !(known.streak > 0 && now < known.downUntil),
    }));
  }
}

function load({ open, pending }: Member<UpstreamTarget>): number {
  return open + pending;
}

function isDown(member: Member<UpstreamTarget>, now: number): boolean {
  return member.streak > 0 && (now < member.downUntil || now < member.probedUntil);
}

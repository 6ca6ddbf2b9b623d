/**
 * Counters of one route in one worker, in shared memory: the worker writes without a lock or a message, the control
 * plane reads whenever it likes and sums over the workers.
 *
 *   0 open · 1 total · 2 failed · 3 bytes in · 4 bytes out · 5-7 datagrams in, out, dropped · 8 waiting
 *   9…    histogram of dial times          then per pool member: open, pending, dialed, failed, down
 *
 * Float64 counts exactly to 2^53. One writer per block; a reader may see two counters of different moments.
 */
import { HISTOGRAM_SLOTS, Histogram } from './histogram.ts';
import type { MemberHealth, RouteStats } from './route.ts';

/** Members of one pool; more are refused when the route is made. */
export const MEMBERS_MAX = 64;
const HISTOGRAM_AT = 9;
const MEMBERS_AT = HISTOGRAM_AT + HISTOGRAM_SLOTS;
const MEMBER_SLOTS = 5;
const SLOTS = MEMBERS_AT + MEMBER_SLOTS * MEMBERS_MAX;

/** Slots by name. */
export const Slot = {
  open: 0,
  total: 1,
  failed: 2,
  bytesIn: 3,
  bytesOut: 4,
  datagramsIn: 5,
  datagramsOut: 6,
  datagramsDropped: 7,
  waiting: 8,
} as const;

/** One block. */
export class Counters {
  readonly shared: SharedArrayBuffer;
  /** Indexed by {@link Slot}. */
  readonly slots: Float64Array;
  readonly dialTimes: Histogram;
  /** Members that were ever published have smaller numbers. */
  #published = 0;

  constructor(shared = new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.slots = new Float64Array(shared);
    this.dialTimes = new Histogram(this.slots.subarray(HISTOGRAM_AT, MEMBERS_AT));
  }

  /** Adds `n` to a slot. */
  add(slot: number, n: number): void {
    this.slots[slot] = (this.slots[slot] as number) + n;
  }

  /** Members that are not among `members` have no connections; what else was said of them still holds. */
  publish(members: readonly MemberHealth[]): void {
    for (let member = 0; member < this.#published; member++) {
      if (members.some((health) => health.member === member)) continue;
      const at = MEMBERS_AT + MEMBER_SLOTS * member;
      this.slots.fill(0, at, at + 2);
    }
    for (const { member, open, pending, dialed, failed, up } of members) {
      const at = MEMBERS_AT + MEMBER_SLOTS * member;
      this.#published = Math.max(this.#published, member + 1);
      this.slots[at] = open;
      this.slots[at + 1] = pending;
      this.slots[at + 2] = dialed;
      this.slots[at + 3] = failed;
      this.slots[at + 4] = up ? 0 : 1;
    }
  }
}

/** Sums the blocks of all workers. @param members pool size now */
export function sumCounters(blocks: readonly Counters[], members: number): RouteStats {
  const sum = (slot: number): number => blocks.reduce((total, { slots }) => total + (slots[slot] as number), 0);
  const dialTimes = new Histogram();
  for (const block of blocks) dialTimes.merge(block.dialTimes);
  const ms = (p: number): number | null => {
    const us = dialTimes.quantile(p);
    return us === null ? null : us / 1000;
  };
  return {
    connectionsOpen: sum(Slot.open),
    connectionsWaiting: sum(Slot.waiting),
    connectionsTotal: sum(Slot.total),
    connectionsFailed: sum(Slot.failed),
    bytesIn: sum(Slot.bytesIn),
    bytesOut: sum(Slot.bytesOut),
    dialP50Ms: ms(0.5),
    dialP99Ms: ms(0.99),
    datagramsIn: sum(Slot.datagramsIn),
    datagramsOut: sum(Slot.datagramsOut),
    datagramsDropped: sum(Slot.datagramsDropped),
    members: Array.from({ length: members }, (_, member) => {
      const at = MEMBERS_AT + MEMBER_SLOTS * member;
      // Before `open`, as it is written after it: a dial that has just succeeded is seen in one of them.
      const pending = sum(at + 1);
      return { member, open: sum(at), pending, dialed: sum(at + 2), failed: sum(at + 3), up: sum(at + 4) === 0 };
    }),
  };
}

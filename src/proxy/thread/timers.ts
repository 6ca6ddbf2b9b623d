/**
 * Timers of one relay worker: a hashed wheel of intrusive lists, so that arming, re-arming and disarming are O(1)
 * and allocate nothing. A connection *is* its timer.
 *
 *   slot = (deadline / TICK_MS) mod SLOTS; a timer further away than one turn stays in its slot until its turn comes.
 *
 * Coarse by design: a timer fires up to one tick late, never early. Varghese & Lauck, "Hashed and hierarchical
 * timing wheels", 1987.
 */

/** Milliseconds per slot. */
export const TICK_MS = 8;
const SLOTS = 1024;

/** Something with one deadline at a time. */
export abstract class Timer {
  /** Milliseconds on the loop's clock; meaningful while armed. */
  deadline = 0;
  /** List neighbours, owned by the wheel; undefined = not armed. */
  next: Timer | undefined;
  prev: Timer | undefined;

  /** Called once, disarmed, at or after the deadline. */
  abstract onTimer(now: number): void;
}

class Slot extends Timer {
  constructor() {
    super();
    this.next = this;
    this.prev = this;
  }

  override onTimer(): void {}
}

/** The wheel. */
export class Timers {
  readonly #slots = Array.from({ length: SLOTS }, () => new Slot());
  /** Timers of the slot that is being expired. */
  readonly #due = new Slot();
  readonly #onFault: (error: unknown) => void;
  #armed = 0;
  /** The tick that was expired last. */
  #tick: number;
  /** No slot before this tick needs a look; may be too early (a timer was disarmed), never too late. */
  #soonest = Number.POSITIVE_INFINITY;

  /** @param now ms on the loop's clock @param onFault told of anything a timer throws; the others fire all the same */
  constructor(now: number, onFault: (error: unknown) => void) {
    this.#tick = Math.floor(now / TICK_MS);
    this.#onFault = onFault;
  }

  /** Arms or re-arms `timer` for `deadline` (ms on the loop's clock). */
  arm(timer: Timer, deadline: number): void {
    this.disarm(timer);
    timer.deadline = deadline;
    // Never in the tick that is being expired: the timer would wait for a whole turn.
    const tick = Math.max(Math.ceil(deadline / TICK_MS), this.#tick + 1);
    append(this.#slots[tick % SLOTS] as Slot, timer);
    if (tick < this.#soonest) this.#soonest = tick;
    this.#armed++;
  }

  disarm(timer: Timer): void {
    if (timer.next === undefined) return;
    detach(timer);
    this.#armed--;
  }

  /** Milliseconds until something may be due, for epoll_wait; -1 = nothing is armed. */
  delay(now: number): number {
    if (this.#armed === 0) return -1;
    return Math.max(0, Math.ceil(this.#soonest * TICK_MS - now));
  }

  /** Fires everything due at `now`. */
  expire(now: number): void {
    const target = Math.floor(now / TICK_MS);
    if (target < this.#soonest) {
      this.#tick = target;
      return;
    }
    // After a long sleep one turn visits every slot.
    const first = Math.max(this.#tick + 1, target - SLOTS + 1);
    for (let tick = first; tick <= target; tick++) {
      this.#tick = tick;
      this.#expireSlot(this.#slots[tick % SLOTS] as Slot, now);
    }
    this.#soonest = this.#nextOccupied();
  }

  /** Due timers are set aside first: what fires may arm and disarm at will, its neighbours included. */
  #expireSlot(slot: Slot, now: number): void {
    for (let timer = slot.next as Timer; timer !== slot; ) {
      const following = timer.next as Timer;
      if (timer.deadline <= now) {
        detach(timer);
        append(this.#due, timer);
      }
      timer = following;
    }
    for (let timer = this.#due.next as Timer; timer !== this.#due; timer = this.#due.next as Timer) {
      this.disarm(timer);
      try {
        timer.onTimer(now);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  /** The first tick after {@link #tick} whose slot holds anything, be it for a later turn. */
  #nextOccupied(): number {
    if (this.#armed === 0) return Number.POSITIVE_INFINITY;
    for (let tick = this.#tick + 1; tick <= this.#tick + SLOTS; tick++) {
      const slot = this.#slots[tick % SLOTS] as Slot;
      if (slot.next !== slot) return tick;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function append(slot: Slot, timer: Timer): void {
  const last = slot.prev as Timer;
  timer.prev = last;
  timer.next = slot;
  last.next = timer;
  slot.prev = timer;
}

function detach(timer: Timer): void {
  const { next, prev } = timer;
  if (next === undefined || prev === undefined) return;
  prev.next = next;
  next.prev = prev;
  timer.next = undefined;
  timer.prev = undefined;
}

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
  #armed = 0;
  /** The tick that was expired last. */
  #tick: number;

  /** @param now ms on the loop's clock */
  constructor(now: number) {
    this.#tick = Math.floor(now / TICK_MS);
  }

  /** Arms or re-arms `timer` for `deadline` (ms on the loop's clock). */
  arm(timer: Timer, deadline: number): void {
    this.disarm(timer);
    timer.deadline = deadline;
    // Never in the tick that is being expired: the timer would wait for a whole turn.
    const tick = Math.max(Math.ceil(deadline / TICK_MS), this.#tick + 1);
    const slot = this.#slots[tick % SLOTS] as Slot;
    const last = slot.prev as Timer;
    timer.prev = last;
    timer.next = slot;
    last.next = timer;
    slot.prev = timer;
    this.#armed++;
  }

  disarm(timer: Timer): void {
    const { next, prev } = timer;
    if (next === undefined || prev === undefined) return;
    prev.next = next;
    next.prev = prev;
    timer.next = undefined;
    timer.prev = undefined;
    this.#armed--;
  }

  /** Milliseconds until something may be due, for epoll_wait; -1 = nothing is armed. */
  delay(now: number): number {
    if (this.#armed === 0) return -1;
    for (let ahead = 1; ahead <= SLOTS; ahead++) {
      const slot = this.#slots[(this.#tick + ahead) % SLOTS] as Slot;
      if (slot.next !== slot) return Math.max(0, Math.ceil((this.#tick + ahead) * TICK_MS - now));
    }
    return -1;
  }

  /** Fires everything due at `now`. */
  expire(now: number): void {
    const target = Math.floor(now / TICK_MS);
    if (this.#armed === 0) {
      this.#tick = target;
      return;
    }
    // After a long sleep one turn visits every slot.
    const first = Math.max(this.#tick + 1, target - SLOTS + 1);
    for (let tick = first; tick <= target; tick++) {
      this.#tick = tick;
      const slot = this.#slots[tick % SLOTS] as Slot;
      for (let timer = slot.next as Timer; timer !== slot; ) {
        const following = timer.next as Timer;
        if (timer.deadline <= now) {
          this.disarm(timer);
          timer.onTimer(now);
          // onTimer may have disarmed its neighbour; a detached one no longer leads anywhere.
          timer = following.next === undefined && following !== slot ? (slot.next as Timer) : following;
        } else timer = following;
      }
    }
    this.#tick = target;
  }
}

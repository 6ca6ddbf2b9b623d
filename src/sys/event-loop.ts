/**
 * Descriptors that Node.js has no object for, on the event loop of a thread: an epoll of ours, with libuv's inside.
 *
 *     round:  libuv's own ─► immediate ─► turn: epoll_wait(ours) ─► call who is ready ─► promises ─► turn … ─► next round
 *                                                   │
 *                                                   └ ready, too, when libuv's descriptor is, which ends the round: so a
 *                                                     thread that waits here misses nothing of node's
 *
 * What is ready is called back without a detour, which halves the way of a byte; while nothing is registered here the thread
 * waits in libuv, as any other. It waits here only when libuv says that nothing is to be done but our next turn, and never beyond
 * the next timer of its; and turn follows turn for as long as that is so, because a round of libuv's costs as much as a message.
 *
 * What a callback throws is a fault of this program, met in one connection. It is told to the owner of that, and on stderr; the
 * others of the turn are called, whose events would not come twice, and the thread goes on.
 */
import { performance } from 'node:perf_hooks';
import { MessageChannel } from 'node:worker_threads';
import { LineRate } from '../lib/line-rate.ts';
import { NumberMap } from '../lib/number-map.ts';
import { Alarm } from './alarm.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP, O_CLOEXEC } from './constants.ts';
import { EVENT_BYTES, EVENT_DATA } from './epoll-event.ts';
import { check } from './errno.ts';
import { EventIds } from './event-ids.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { loopOfThisThread, type UvLoop } from './libuv.ts';
import { NativeMemory } from './memory.ts';
import { Entry, type OnFault, type OnReady, type Registration } from './registration.ts';

const BATCH = 256;
/** Turns that may follow each other without a round of libuv's. */
const turnsOfRound = 256;
/**
 * Runs what `process.nextTick` and promises wait for, as node does between two immediates; so long in use by others that it stays.
 * Where it is gone, each turn has a round of libuv's.
 */
const runTicks = (process as { _tickCallback?: () => void })._tickCallback;
/** In events: libuv, or the alarm. What has come is seen to in libuv's own round. */
const LIBUV = 0;

export class EventLoop {
  static #here: EventLoop | null | undefined;
  readonly #uv: UvLoop;
  readonly #memory = new NativeMemory(EVENT_BYTES * (BATCH + 1));
  readonly #epoll: OwnedFd;
  readonly #entries = new NumberMap<Entry>();
  #again: Entry[] = [];
  #soon: (() => void)[] = [];
  readonly #ids = new EventIds(LIBUV);
  #turning = false;
  readonly #faults = new LineRate();
  readonly #alarm = new Alarm();
  /** Keeps libuv's loop alive while descriptors are watched: of one that has no reason to live libuv does not say for how long it has nothing to do. */
  readonly #alive = new MessageChannel().port1;

  /** The one of this thread. @returns undefined where there can be none: libuv's is all there is then */
  static here(): EventLoop | undefined {
    if (EventLoop.#here === undefined) {
      const uv = process.platform === 'linux' ? loopOfThisThread() : undefined;
      EventLoop.#here = uv === undefined ? null : new EventLoop(uv);
    }
    return EventLoop.#here ?? undefined;
  }

  private constructor(uv: UvLoop) {
    this.#uv = uv;
    // Owned for the life of the thread.
    this.#epoll = new OwnedFd(check('epoll_create1', libc.epollCreate1(O_CLOEXEC)));
    this.#register(uv.backendFd, LIBUV, EPOLLIN);
    this.#register(this.#alarm.fd, LIBUV, EPOLLIN | EPOLLET);
    this.#alive.unref();
  }

  /**
   * Watches a descriptor, for everything unless said otherwise, edge-triggered; the first call comes in the next turn at the earliest.
   *
   * @param fd borrowed until `remove` @throws {SyscallError} ENOMEM, ENOSPC, EPERM
   */
  add(fd: number, onReady: OnReady, interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP, onFault?: OnFault): Registration {
    const entry = new Entry(this, fd, this.#ids.next(this.#entries), onReady, onFault);
    this.#register(fd, entry.id, interest | EPOLLET);
    this.#entries.set(entry.id, entry);
    this.#begin();
    return entry;
  }

  /** As {@link add}, of a descriptor that is closed when this throws: who owns what it is for does not exist then. */
  addOwned(owned: OwnedFd, onReady: OnReady, interest?: number, onFault?: OnFault): Registration {
    try {
      return this.add(owned.fd, onReady, interest, onFault);
    } catch (error) {
      owned[Symbol.dispose]();
      throw error;
    }
  }

  /** Calls back when all who are ready in this turn, or between turns in the next one, have been called. */
  soon(run: () => void): void {
    if (this.#turning) this.#soon.push(run);
    else setImmediate(() => this.#guarded(run));
  }

  // What follows is for registrations.

  enqueue(entry: Entry): void {
    if (entry.queued || this.#entries.get(entry.id) !== entry) return;
    entry.queued = true;
    this.#again.push(entry);
  }

  /** Another descriptor of the same open file may still cause events: they have the number of nobody. */
  forget(entry: Entry): boolean {
    return this.#entries.delete(entry.id);
  }

  unwatch(fd: number): void {
    libc.epollCtl(this.#epoll.fd, EPOLL_CTL_DEL, fd, this.#memory.address);
  }

  #register(fd: number, id: number, events: number): void {
    const at = EVENT_BYTES * BATCH;
    this.#memory.view.setUint32(at, events >>> 0, true);
    this.#memory.view.setUint32(at + EVENT_DATA, id, true);
    this.#memory.view.setUint32(at + EVENT_DATA + 4, 0, true);
    check('epoll_ctl', libc.epollCtl(this.#epoll.fd, EPOLL_CTL_ADD, fd, this.#memory.address + at));
  }

  #begin(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#alive.ref();
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#entries.size === 0) {
      this.#turning = false;
      this.#alive.unref();
      for (const run of this.#soon.splice(0)) setImmediate(() => this.#guarded(run));
      return;
    }
    const began = performance.now();
    const next = setImmediate(this.#turn).unref();
    try {
      this.#wait(began);
    } finally {
      next.ref();
    }
  };

  /** Waits and calls back until libuv has something to do. @param began not before libuv's round did, milliseconds */
  #wait(began: number): void {
    for (let turns = turnsOfRound; turns > 0 && this.#entries.size > 0; turns -= 1) {
      const dueMs = this.#uv.untilDue();
      const idle = dueMs !== 0 && this.#alarmed(dueMs, began);
      const waits = idle && this.#again.length === 0 && this.#soon.length === 0;
      const count = libc.epollWait(this.#epoll.fd, this.#memory.address, BATCH, waits ? -1 : 0);
      if (this.#callBack(count) || !idle || runTicks === undefined) return;
      runTicks();
    }
  }

  /** Sets the alarm for what is due in `dueMs` from `began` on, where anything is. @returns false when that is now */
  #alarmed(dueMs: number, began: number): boolean {
    if (dueMs < 0) return true;
    const now = performance.now();
    if (began + dueMs <= now) return false;
    this.#alarm.by(began + dueMs, now);
    return true;
  }

  /** @returns whether libuv has something to do */
  #callBack(count: number): boolean {
    const { view } = this.#memory;
    let uvReady = false;
    if (this.#again.length > 0) {
      const again = this.#again;
      this.#again = [];
      for (const entry of again) {
        entry.queued = false;
        if (this.#entries.get(entry.id) === entry) this.#call(entry, 0);
      }
    }
    for (let i = 0; i < count; i += 1) {
      const at = i * EVENT_BYTES;
      const id = view.getUint32(at + EVENT_DATA, true);
      const entry = this.#entries.get(id);
      if (entry !== undefined) this.#call(entry, view.getUint32(at, true));
      else if (id === LIBUV) uvReady = true;
    }
    // What they put off in their turn comes at the end of the next one, or somebody could keep all others waiting.
    if (this.#soon.length > 0) {
      const soon = this.#soon;
      this.#soon = [];
      for (const run of soon) this.#guarded(run);
    }
    return uvReady;
  }

  #call(entry: Entry, events: number): void {
    try {
      entry.onReady(events);
    } catch (error) {
      this.#tell(error);
      this.#guarded(() => entry.onFault?.(error));
    }
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    if (this.#faults.take() === undefined) return;
    process.emitWarning(
      error instanceof Error ? (error.stack ?? error.message) : String(error),
      'fault of a connection',
    );
  }
}

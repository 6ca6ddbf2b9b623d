/**
 * The event loop of a relay worker: one epoll instance, timers, and a list of work that was cut short by its budget.
 *
 * Owns the epoll fd and the table from descriptor to object; the descriptors belong to the objects. Events carry a
 * generation beside the descriptor, because a number closed earlier in the same batch may name a new socket already.
 * See epoll(7).
 */
import { Alarm } from '../../sys/alarm.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, O_CLOEXEC } from '../../sys/constants.ts';
import { EVENT_BYTES, EVENT_DATA } from '../../sys/epoll-event.ts';
import { check, Errno } from '../../sys/errno.ts';
import { close, epollCreate1, epollCtl, epollWait } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { Timers } from './timers.ts';

const BATCH = 512;

/** An object behind a registered descriptor. */
export interface Pollable {
  /** @param events EPOLL* bits */
  onEvents(events: number): void;
}

/** Work that used up its budget and wants another turn. */
export interface Resumable {
  resume(): void;
}

/** Work that comes from other threads, and how they learn when to wake this one. */
export interface Mailbox {
  /** Nothing else is to be done. @returns false when there is mail, and waiting is not due */
  fallAsleep(): boolean;
  wakeUp(): void;
  take(): void;
}

/** See the module header. */
export class Loop {
  readonly #epoll = check('epoll_create1', epollCreate1(O_CLOEXEC));
  readonly #memory = new NativeMemory(EVENT_BYTES * (BATCH + 1));
  readonly #table: Array<Pollable | undefined> = [];
  readonly #generations: number[] = [];
  readonly #onFault: (error: unknown) => void;
  #ready: Resumable[] = [];
  #stopped = false;
  /** Milliseconds on a monotonic clock, read once per wake. */
  now = performance.now();
  readonly timers: Timers;
  readonly #mailbox: Mailbox | undefined;
  readonly #alarm = new Alarm();

  /** @param onFault told of anything thrown by an object; the loop goes on */
  constructor(onFault: (error: unknown) => void, mailbox?: Mailbox) {
    this.#onFault = onFault;
    this.#mailbox = mailbox;
    this.timers = new Timers(this.now, onFault);
    this.add(this.#alarm.fd, EPOLLIN | EPOLLET, { onEvents: () => undefined });
  }

  /** Starts watching `fd`, which stays its owner's. @throws {SyscallError} ENOMEM, ENOSPC (fs.epoll.max_user_watches) */
  add(fd: number, events: number, pollable: Pollable): void {
    const generation = ((this.#generations[fd] ?? 0) + 1) >>> 0;
    const at = EVENT_BYTES * BATCH;
    this.#memory.view.setUint32(at, events >>> 0, true);
    this.#memory.view.setInt32(at + EVENT_DATA, fd, true);
    this.#memory.view.setUint32(at + EVENT_DATA + 4, generation, true);
    check('epoll_ctl', epollCtl(this.#epoll, EPOLL_CTL_ADD, fd, this.#memory.address + at));
    this.#generations[fd] = generation;
    this.#table[fd] = pollable;
  }

  /** Watches a listening socket that other workers watch too: one of them is woken per connection. */
  addShared(fd: number, pollable: Pollable): void {
    this.add(fd, EPOLLIN | EPOLLEXCLUSIVE, pollable);
  }

  /**
   * Stops watching. Needed before closing whenever another descriptor names the same open file (a listener that was
   * duplicated for each worker): the kernel would go on reporting it.
   */
  remove(fd: number): void {
    epollCtl(this.#epoll, EPOLL_CTL_DEL, fd, this.#memory.address);
    this.forget(fd);
  }

  /** Drops the object of a descriptor that is about to be closed for good; closing ends the watch. */
  forget(fd: number): void {
    this.#table[fd] = undefined;
  }

  /** Gives `work` another turn after the events that are already pending. */
  again(work: Resumable): void {
    this.#ready.push(work);
  }

  /** Events of a watched `fd` go to another object from now on. */
  handOver(fd: number, pollable: Pollable): void {
    this.#table[fd] = pollable;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Runs until {@link stop}, then closes the epoll instance. Synchronous: the thread's own event loop and its promises stand still meanwhile. */
  run(): void {
    const mailbox = this.#mailbox;
    while (!this.#stopped) {
      const idle = this.#ready.length === 0 && mailbox?.fallAsleep() !== false;
      const timeout = idle ? this.#patience() : 0;
      const count = epollWait(this.#epoll, this.#memory.address, BATCH, timeout);
      if (idle) mailbox?.wakeUp();
      this.now = performance.now();
      if (count < 0 && count !== -Errno.EINTR) check('epoll_wait', count);
      mailbox?.take();
      this.#dispatch(count);
      this.#resume();
      this.timers.expire(this.now);
    }
    close(this.#epoll);
    this.#alarm[Symbol.dispose]();
  }

  /** For epoll_wait: 0 when a timer is due; else as long as it takes, the alarm goes off in time. */
  #patience(): number {
    const now = performance.now();
    const delay = this.timers.delay(now);
    if (delay > 0) this.#alarm.by(now + delay, now);
    return delay === 0 ? 0 : -1;
  }

  #dispatch(count: number): void {
    const { view } = this.#memory;
    for (let i = 0, at = 0; i < count; i++, at += EVENT_BYTES) {
      const fd = view.getInt32(at + EVENT_DATA, true);
      const pollable = this.#table[fd];
      if (pollable === undefined || this.#generations[fd] !== view.getUint32(at + EVENT_DATA + 4, true)) continue;
      try {
        pollable.onEvents(view.getUint32(at, true));
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  #resume(): void {
    if (this.#ready.length === 0) return;
    const turn = this.#ready;
    this.#ready = [];
    for (const work of turn) {
      try {
        work.resume();
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}

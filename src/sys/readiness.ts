/**
 * Waiting for descriptors that Node.js has no object for, without blocking the event loop: one epoll_wait(2) on a thread of
 * libuv's pool, for as many of them as there are.
 *
 * The way there and back costs some 30 µs, so whoever expects more looks for it a few times before watching. The pool's
 * thread is in use as long as something is registered, which also keeps the process alive.
 */
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  EPOLLONESHOT,
  O_CLOEXEC,
  O_NONBLOCK,
} from './constants.ts';
import { EVENT_BYTES, EVENT_DATA } from './epoll-event.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

const BATCH = 64;
/** After this long a wait is begun anew: a worker that is terminated waits for it, and is not asked before. */
const LONGEST_MS = 1_000;

/** A registered descriptor. */
export interface Watched {
  /** Calls back once, when there is something to read. Again is a no-op until then. */
  watch(): void;
  /** Before its owner closes it. */
  remove(): void;
}

export class Readiness implements Disposable {
  readonly #memory = new NativeMemory(EVENT_BYTES * (BATCH + 1) + 8);
  readonly #epoll: OwnedFd;
  readonly #event: OwnedFd;
  readonly #callbacks = new Map<number, () => void>();
  #lastId = 0;
  #waiting = false;
  #closed = false;

  /** @throws {SyscallError} EMFILE */
  constructor() {
    this.#epoll = new OwnedFd(check('epoll_create1', libc.epollCreate1(O_CLOEXEC)));
    this.#event = new OwnedFd(check('eventfd', libc.eventfd(0, O_CLOEXEC | O_NONBLOCK)));
    this.#control(EPOLL_CTL_ADD, this.#event.fd, 0, EPOLLIN | EPOLLET);
    // A process ends when its pool's threads have, also one that a bug ends.
    process.on('exit', this.#wake);
  }

  /** @param onReadable called on the event loop @throws {SyscallError} ENOMEM, ENOSPC */
  add(fd: number, onReadable: () => void): Watched {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#control(EPOLL_CTL_ADD, fd, id, EPOLLONESHOT);
    let watching = false;
    this.#callbacks.set(id, () => {
      watching = false;
      onReadable();
    });
    this.#wait();
    return {
      watch: () => {
        if (watching || !this.#callbacks.has(id)) return;
        watching = true;
        this.#control(EPOLL_CTL_MOD, fd, id, EPOLLIN | EPOLLONESHOT);
      },
      remove: () => {
        if (!this.#callbacks.delete(id)) return;
        libc.epollCtl(this.#epoll.fd, EPOLL_CTL_DEL, fd, this.#memory.address);
        if (this.#callbacks.size === 0) this.#wake();
      },
    };
  }

  #control(operation: number, fd: number, id: number, events: number): void {
    const at = EVENT_BYTES * BATCH;
    this.#memory.view.setUint32(at, events >>> 0, true);
    this.#memory.view.setUint32(at + EVENT_DATA, id, true);
    this.#memory.view.setUint32(at + EVENT_DATA + 4, 0, true);
    check('epoll_ctl', libc.epollCtl(this.#epoll.fd, operation, fd, this.#memory.address + at));
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    libc.epollWaitLater(this.#epoll.fd, this.#memory.address, BATCH, LONGEST_MS, (count) => {
      this.#waiting = false;
      const ids: number[] = [];
      for (let i = 0; i < count; i += 1) ids.push(this.#memory.view.getUint32(i * EVENT_BYTES + EVENT_DATA, true));
      if (this.#callbacks.size > 0) this.#wait();
      else if (this.#closed) this.#close();
      for (const id of ids) this.#callbacks.get(id)?.();
    });
  }

  readonly #wake = (): void => {
    const at = EVENT_BYTES * (BATCH + 1);
    this.#memory.view.setBigUint64(at, 1n, true);
    libc.write(this.#event.fd, this.#memory.address + at, 8);
  };

  #close(): void {
    process.off('exit', this.#wake);
    this.#epoll[Symbol.dispose]();
    this.#event[Symbol.dispose]();
  }

  /** When nothing is registered any more. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting) this.#wake();
    else this.#close();
  }
}

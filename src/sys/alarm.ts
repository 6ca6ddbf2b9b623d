/**
 * A time until which a thread waits in `epoll_wait`, as a descriptor of its own (timerfd_create(2)) instead of the call's timeout.
 *
 * A timeout is a timer of the kernel that is set with each call, and taken back when something comes first; in a virtual machine
 * both leave it. Where messages go to and fro that is a quarter of their time. An alarm stays set, and is set anew only when
 * something is due earlier: it may go off when nothing is due any more, and never too late.
 */
import { O_CLOEXEC, O_NONBLOCK } from './constants.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

const CLOCK_MONOTONIC = 1;
/** struct itimerspec: interval, value; each seconds and nanoseconds, 64 bits. */
const SPEC_BYTES = 32;
const VALUE_AT = 16;

/** Milliseconds by which it may be late, so that times which differ by their rounding are one. */
const grainMs = 1;
/** One day; a later time is asked for again then. */
const longestMs = 86_400_000;

export class Alarm implements Disposable {
  readonly #fd = new OwnedFd(check('timerfd_create', libc.timerfdCreate(CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK)));
  readonly #spec = new NativeMemory(SPEC_BYTES);
  /** On the caller's clock. */
  #setFor = Number.NEGATIVE_INFINITY;

  /** To be watched by edge (EPOLLET): nobody reads it. Borrowed. */
  get fd(): number {
    return this.#fd.fd;
  }

  /** Wakes whoever watches it at `deadline` or before. @param now milliseconds on the same clock */
  by(deadline: number, now: number): void {
    if (this.#setFor > now && this.#setFor <= deadline + grainMs) return;
    const ms = Math.min(Math.max(Math.ceil(deadline - now), 1), longestMs);
    this.#spec.view.setBigInt64(VALUE_AT, BigInt(Math.floor(ms / 1_000)), true);
    this.#spec.view.setBigInt64(VALUE_AT + 8, BigInt((ms % 1_000) * 1_000_000), true);
    check('timerfd_settime', libc.timerfdSettime(this.#fd.fd, 0, this.#spec.address, 0));
    this.#setFor = now + ms;
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}

/**
 * The dialing of one connection: attempts over the pool's members until one answers or time is up.
 *
 * Owns the socket of the current attempt and its timer (the attempt's deadline, then the pause between rounds). Never
 * waits: every other connection goes on meanwhile.
 */
import { paceIfFar } from '../../sys/congestion.ts';
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from '../../sys/constants.ts';
import { Errno, errnoName, SyscallError } from '../../sys/errno.ts';
import { close } from '../../sys/libc.ts';
import type { DialTarget } from '../target/dialer.ts';
import type { Pollable } from '../thread/loop.ts';
import { Timer } from '../thread/timers.ts';
import { DialSchedule } from './dial-schedule.ts';
import type { Relayed } from './onward.ts';
import type { ServedRoute } from './served-route.ts';
import { WATCHED } from './side.ts';
import { socketError } from './tcp.ts';

/** Who asked for the connection. */
export interface DialOwner extends Relayed {
  /** @param fd connected and watched, owned by the owner from now on @param events of its last event */
  dialed(fd: number, target: DialTarget, events: number): void;
  dialFailed(reason: 'dial-failed' | 'no-target', detail: string): void;
  /** The targets went while they were dialed. @returns true when the owner waits for others, and this dial is over */
  targetsGone(): boolean;
}

/** See the module header. */
export class Dial extends Timer implements Pollable {
  readonly #route: ServedRoute;
  readonly #owner: DialOwner;
  readonly #schedule: DialSchedule<DialTarget>;
  #fd = -1;
  /** Of the pool, when this round began. */
  #generation = -1;
  #lastError = '';

  constructor(route: ServedRoute, owner: DialOwner) {
    super();
    this.#route = route;
    this.#owner = owner;
    this.#schedule = new DialSchedule(route.options.connectTimeoutMs);
  }

  startRound(): void {
    this.#begin(this.#route.pool.pick());
    this.#nextAttempt();
  }

  /** Starts with a socket that is connected already, as if it had been dialed. @param fd owned from now on */
  startWith(fd: number, target: DialTarget): void {
    const { pool, worker } = this.#route;
    const others = pool.pick().filter((other) => other !== target);
    this.#begin([target, ...others]);
    this.#schedule.next(worker.loop.now);
    pool.dialing(target.member);
    if (this.#watched(fd) < 0) this.#nextAttempt();
    else this.#await(fd);
  }

  cancel(): void {
    this.#route.worker.loop.timers.disarm(this);
    this.#dropSocket();
  }

  onEvents(events: number): void {
    if (events & (EPOLLERR | EPOLLHUP)) {
      const errno = socketError(this.#fd);
      this.#dropSocket();
      this.#attemptFailed(errno === 0 ? 'ECONNRESET' : errnoName(errno));
      this.#nextAttempt();
    } else if (events & EPOLLOUT) this.#succeed(events);
  }

  override onTimer(): void {
    if (this.#fd < 0) {
      this.startRound();
      return;
    }
    this.#dropSocket();
    this.#attemptFailed('ETIMEDOUT');
    this.#nextAttempt();
  }

  #begin(order: readonly DialTarget[]): void {
    this.#generation = this.#route.pool.generation;
    this.#schedule.begin(order, this.#route.worker.loop.now);
  }

  #nextAttempt(): void {
    const { loop, dialer } = this.#route.worker;
    for (;;) {
      const step = this.#schedule.next(loop.now);
      if (step === 'timeout' || (step === 'round-over' && this.#route.pool.empty)) {
        loop.timers.disarm(this);
        if (step === 'round-over' && this.#owner.targetsGone()) return;
        this.#owner.dialFailed(this.#lastError === '' ? 'no-target' : 'dial-failed', this.#lastError);
        return;
      }
      if (step === 'round-over') {
        this.#route.roundFailed();
        loop.timers.arm(this, loop.now + this.#schedule.pauseMs(loop.now));
        return;
      }
      if (this.#generation !== this.#route.pool.generation) {
        // Others came meanwhile: the descriptors of these are closed, and their numbers may be anybody's.
        this.#begin(this.#route.pool.pick());
        continue;
      }
      const { target } = this.#schedule;
      this.#route.pool.dialing(target.member);
      const made = dialer.dial(target);
      const { connected } = dialer;
      const fd = made < 0 ? made : this.#watched(made);
      if (fd >= 0) {
        this.#await(fd);
        if (connected) this.#succeed(EPOLLOUT);
        return;
      }
      if (ours(-fd)) {
        // No fault of the target, and the next one would fare no better: wait for the next round.
        this.#route.exhausted(-fd);
        this.#lastError = `${target.label}: ${errnoName(-fd)}`;
        loop.timers.arm(this, loop.now + Math.max(1, this.#schedule.pauseMs(loop.now)));
        return;
      }
      this.#attemptFailed(errnoName(-fd));
    }
  }

  /** @returns `fd`, or `-errno` when the kernel does not watch it: then it is closed */
  #watched(fd: number): number {
    try {
      this.#route.worker.loop.add(fd, WATCHED, this);
      return fd;
    } catch (error) {
      close(fd);
      if (error instanceof SyscallError) return -error.errno;
      throw error;
    }
  }

  /** The first event on `fd` tells whether it is connected. */
  #await(fd: number): void {
    const { pool, worker } = this.#route;
    this.#fd = fd;
    worker.onward.dialed(this.#owner, fd);
    pool.pending(this.#schedule.target.member, 1);
    this.#route.healthChanged();
    worker.loop.timers.arm(this, worker.loop.now + this.#schedule.attemptMs(worker.loop.now));
  }

  #succeed(events: number): void {
    this.#route.worker.loop.timers.disarm(this);
    const fd = this.#fd;
    this.#fd = -1;
    const { target } = this.#schedule;
    this.#route.pool.pending(target.member, -1);
    if (target.address.kind === 'ip') paceIfFar(fd);
    this.#owner.dialed(fd, target, events);
  }

  #attemptFailed(code: string): void {
    const { target } = this.#schedule;
    if (this.#schedule.lastOfMember) this.#route.pool.failed(target.member);
    this.#route.healthChanged();
    this.#lastError = `${target.label}: ${code}`;
  }

  #dropSocket(): void {
    if (this.#fd < 0) return;
    this.#route.worker.loop.forget(this.#fd);
    close(this.#fd);
    this.#fd = -1;
    this.#route.pool.pending(this.#schedule.target.member, -1);
  }
}

/** What this process has run out of: descriptors, memory, or what epoll may watch. */
const lacks: ReadonlySet<number> = new Set([Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.ENOSPC]);

function ours(errno: number): boolean {
  return lacks.has(errno);
}

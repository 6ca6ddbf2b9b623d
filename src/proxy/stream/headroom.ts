/**
 * How full the process's table of descriptors is, told by the numbers that the kernel gives out: always the lowest that
 * is free, so whoever gets number n knows that all below are taken.
 *
 * Accepting ends before the table is full: a connection that was accepted needs a second descriptor, for its target, and
 * the control plane some of its own. Who waits in the backlog instead is served in the order it came.
 */
import { F_DUPFD_CLOEXEC } from '../../sys/constants.ts';
import { close, fcntl } from '../../sys/libc.ts';
import { nofileLimits } from '../../sys/limits.ts';

/** Kept free: for targets of what was just accepted, pipes, and the control plane. At most an eighth of the table. */
const KEPT = 64;

/** Of one worker; the table is everybody's. */
export class Headroom {
  readonly #limit = nofileLimits().soft;
  readonly #max = this.#limit - Math.min(KEPT, Math.floor(this.#limit / 8));
  #full = false;

  /** @param fd just made @returns true when it is time to stop */
  usedUp(fd: number): boolean {
    this.#full = fd >= this.#max;
    return this.#full;
  }

  /** Whether there is still no room; costs nothing as long as there has been. @param fd any that is open */
  stillUsedUp(fd: number): boolean {
    if (!this.#full) return false;
    const lowest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (lowest >= 0) close(lowest);
    return lowest < 0 || this.usedUp(lowest);
  }

  /** For people. */
  get lack(): string {
    return `descriptors are running out (limit ${this.#limit}); clients wait until some are free`;
  }
}

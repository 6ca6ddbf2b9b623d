/**
 * Ownership of a file descriptor: whoever holds an {@link OwnedFd} closes it, exactly once.
 *
 * Numbers are borrowed (`.fd`), ownership moves (`.release()`). A descriptor that goes to another thread is
 * duplicated first, because a number that is closed here may name something else there a moment later.
 */
import { closeSync } from 'node:fs';

/** A file descriptor with exactly one owner. */
export class OwnedFd implements Disposable {
  #fd: number;

  /** @param fd an open descriptor; this object is its owner from now on */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number, borrowed; throws after close or release, so that a reused number is never touched. */
  get fd(): number {
    if (this.#fd < 0) throw new Error('file descriptor used after it was closed');
    return this.#fd;
  }

  get open(): boolean {
    return this.#fd >= 0;
  }

  /** Gives the number away; the caller owns it now. */
  release(): number {
    const { fd } = this;
    this.#fd = -1;
    return fd;
  }

  /** Closes it; again is a no-op. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    closeSync(this.release());
  }
}

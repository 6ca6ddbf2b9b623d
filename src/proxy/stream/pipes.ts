/**
 * Pipes for splice(2), pooled: a relay borrows one while bytes are in flight and gives it back empty, so that an idle
 * connection costs none.
 *
 * Owned by one worker. A pipe that still holds bytes is never reused: they would surface in another connection.
 */
import { F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK } from '../../sys/constants.ts';
import { close, fcntl, pipe2 } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';

/** Asked for; the kernel may refuse (fs.pipe-user-pages-soft) and leave its default of 64 KiB. */
const WANTED_BYTES = 1 << 20;
const DEFAULT_BYTES = 1 << 16;
const KEPT = 32;

/** A pipe. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
  /** Capacity in bytes, if every page is full. */
  readonly size: number;
}

/** See the module header. */
export class Pipes {
  readonly #idle: Pipe[] = [];
  readonly #scratch = new NativeMemory(8);

  /** An empty pipe, or undefined when there are no descriptors left: the caller copies instead. */
  take(): Pipe | undefined {
    const kept = this.#idle.pop();
    if (kept !== undefined) return kept;
    if (pipe2(this.#scratch.address, O_NONBLOCK | O_CLOEXEC) < 0) return undefined;
    const readEnd = this.#scratch.view.getInt32(0, true);
    const writeEnd = this.#scratch.view.getInt32(4, true);
    const size = fcntl(writeEnd, F_SETPIPE_SZ, WANTED_BYTES);
    return { readEnd, writeEnd, size: size > 0 ? size : DEFAULT_BYTES };
  }

  /** Takes an empty pipe back. */
  give(pipe: Pipe): void {
    if (this.#idle.length < KEPT) this.#idle.push(pipe);
    else this.destroy(pipe);
  }

  /** Closes a pipe whatever it holds. */
  destroy(pipe: Pipe): void {
    close(pipe.readEnd);
    close(pipe.writeEnd);
  }
}

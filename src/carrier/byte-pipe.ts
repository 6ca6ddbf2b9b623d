/**
 * An ordered, reliable pipe of bytes between two ends, as small as the carrier's layers need it.
 *
 * A TLS socket is one (`socket-pipe.ts`), a resumable pipe over a row of sockets is one (`resume/`), and the mux stands on
 * either. There is no way to pause reading: whoever stands on a pipe bounds what the other end may send (credit windows,
 * retained bytes), because two ends that both stop reading while they wait to write wait for ever.
 */
import { performance } from 'node:perf_hooks';

/** What a pipe tells the one who stands on it. Nothing is called before `start`, and nothing after `onClose`. */
export interface PipeUser {
  /** The next bytes; the slice may be volatile (`lib/volatile.ts`): good until the call returns. */
  onBytes(bytes: Buffer): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  /** The other end will send no more. */
  onEnd(): void;
  /** Both directions are over; always called, once, last. With an error when the pipe broke. */
  onClose(error?: Error): void;
}

export interface BytePipe {
  /** Begins to deliver; once. */
  start(user: PipeUser): void;
  /**
   * Sends slices in order. They are not copied: their content must never change afterwards.
   *
   * @returns false when the pipe is full; everything was taken nevertheless, and `onDrain` will follow
   */
  write(slices: readonly Buffer[]): boolean;
  /** Calls back when all that came at once has been heard, so that what it causes leaves together; absent = setImmediate. */
  soon?(run: () => void): true;
  /** Sends what was written, then ends this direction. */
  end(): void;
  /** Ends both directions now; what was not sent is lost. */
  destroy(): void;
}

/** Time as the carrier's layers see it, so that tests can be its master. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls `tick` every `ms` or so until the returned function is called; does not keep a process alive. */
  every(ms: number, tick: () => void): () => void;
}

/** All ticks of a thread come on one beat, whenever they were begun: a link has several, and a thread that sleeps is woken for all at once. */
export const systemClock: Clock = {
  now: () => performance.now(),
  every: (ms, tick) => {
    let timer: NodeJS.Timeout;
    const next = (): void => {
      const left = ms - (performance.now() % ms);
      // One that came a moment before the beat is not called again for it.
      timer = setTimeout(beat, Math.ceil(left < ms / 2 ? left + ms : left)).unref();
    };
    const beat = (): void => {
      next();
      tick();
    };
    next();
    return () => clearTimeout(timer);
  },
};

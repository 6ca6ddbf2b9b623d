/**
 * A pipe whose other end is the test, and a clock that the test moves.
 */
import type { BytePipe, Clock, PipeUser } from '../../src/carrier/byte-pipe.ts';

/** Says what was written; feeds what comes. */
export class FakePipe implements BytePipe {
  /** What was written and not yet taken. */
  #written: Buffer[] = [];
  user: PipeUser | undefined;
  /** Calls of `write`. */
  writes = 0;
  /** What `write` answers. */
  room = true;
  ended = false;
  destroyed = false;

  start(user: PipeUser): void {
    this.user = user;
  }

  write(slices: readonly Buffer[]): boolean {
    this.writes += 1;
    if (!this.ended && !this.destroyed) this.#written.push(...slices);
    return this.room;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.user?.onClose();
  }

  feed(bytes: Buffer): void {
    this.user?.onBytes(bytes);
  }

  take(): Buffer {
    const bytes = Buffer.concat(this.#written);
    this.#written = [];
    return bytes;
  }
}

export class FakeClock implements Clock {
  #now = 0;
  readonly #ticks = new Set<{ readonly ms: number; readonly tick: () => void; next: number }>();

  now(): number {
    return this.#now;
  }

  every(ms: number, tick: () => void): () => void {
    const timer = { ms, tick, next: this.#now + ms };
    this.#ticks.add(timer);
    return () => void this.#ticks.delete(timer);
  }

  /** Moves on by `ms`, with every tick in its time. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [due] = [...this.#ticks].filter(({ next }) => next <= until).sort((a, b) => a.next - b.next);
      if (due === undefined) break;
      this.#now = due.next;
      due.next += due.ms;
      due.tick();
    }
    this.#now = until;
  }

  /** The machine slept: time went on, and no tick came. */
  sleep(ms: number): void {
    this.#now += ms;
    for (const timer of this.#ticks) timer.next = Math.max(timer.next, this.#now);
  }
}

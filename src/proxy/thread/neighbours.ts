/**
 * The other relay workers: how busy each is, and handing connections over to them.
 *
 * The kernel wakes whichever worker it likes for a new connection, mostly the same one. So a worker that has clearly
 * more to do than another gives what it accepts away:
 *
 *     accept ──► ring of (route, descriptor) ──► take        one ring per ordered pair: one writer, one reader
 *                     └─ eventfd, if the other one sleeps
 *
 * A descriptor is a number of the whole process: what is in a ring belongs to its reader. A worker says that it goes to
 * sleep before it looks at its rings for the last time, a writer fills the ring before it looks whether its reader
 * sleeps: with sequentially consistent atomics one of the two sees the other.
 */
import { close, write } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { NeighbourData } from '../messages.ts';

/** Connections on their way from one worker to another; a full ring means to serve them oneself. */
const RING = 256;
/** A ring: where to read, where to write (both only grow, modulo 2^32), and the entries. */
const RING_WORDS = 2 + 2 * RING;
/** Below this difference, or an eighth of what the other has, the loads are even: handing over is not free. */
const SLACK = 2;
const SLACK_SHIFT = 3;

/** Bytes that `workers` share. */
export function neighbourBytes(workers: number): number {
  return 8 + 4 * (2 * workers + workers * workers * RING_WORDS);
}

/** See the module header. */
export class Neighbours {
  readonly #me: number;
  readonly #count: number;
  /** The moment until which nobody accepts, in Unix milliseconds. */
  readonly #rest: Float64Array;
  /** Per worker: connections it has; whether it sleeps. Then the rings, by writer and reader. */
  readonly #words: Int32Array;
  readonly #wakeFds: readonly number[];
  readonly #one = new NativeMemory(8);
  /** Told of what others gave; owns the descriptor. */
  onGiven: (route: number, fd: number) => void = (_, fd) => void close(fd);

  constructor({ index, shared, wakeFds }: NeighbourData) {
    this.#me = index;
    this.#count = wakeFds.length;
    this.#rest = new Float64Array(shared, 0, 1);
    this.#words = new Int32Array(shared, 8);
    this.#wakeFds = wakeFds;
    this.#one.view.setBigUint64(0, 1n, true);
  }

  /** A connection more is served here, or one less. */
  count(change: 1 | -1): void {
    Atomics.add(this.#words, this.#me, change);
  }

  /** Gives `fd` away if another worker has clearly less to do. @returns false = it is still the caller's */
  give(route: number, fd: number): boolean {
    const to = this.#idlest();
    const words = this.#words;
    const mine = Atomics.load(words, this.#me);
    const theirs = Atomics.load(words, to);
    if (mine - theirs <= Math.max(SLACK, theirs >> SLACK_SHIFT)) return false;
    const ring = this.#ring(this.#me, to);
    const tail = Atomics.load(words, ring + 1);
    if (((tail - Atomics.load(words, ring)) | 0) >= RING) return false;
    const at = ring + 2 + 2 * ((tail >>> 0) % RING);
    words[at] = route;
    words[at + 1] = fd;
    Atomics.add(words, to, 1);
    Atomics.store(words, ring + 1, (tail + 1) | 0);
    if (Atomics.exchange(words, this.#count + to, 0) === 1) write(this.#wakeFds[to] as number, this.#one.address, 8);
    return true;
  }

  /** Takes what the others gave. */
  take(): void {
    const words = this.#words;
    for (let from = 0; from < this.#count; from++) {
      if (from === this.#me) continue;
      const ring = this.#ring(from, this.#me);
      for (;;) {
        const head = Atomics.load(words, ring);
        if (head === Atomics.load(words, ring + 1)) break;
        const at = ring + 2 + 2 * ((head >>> 0) % RING);
        const [route, fd] = [words[at] as number, words[at + 1] as number];
        Atomics.store(words, ring, (head + 1) | 0);
        this.onGiven(route, fd);
      }
    }
  }

  /** About to sleep. @returns false when there is something to {@link take} */
  fallAsleep(): boolean {
    Atomics.store(this.#words, this.#count + this.#me, 1);
    for (let from = 0; from < this.#count; from++) {
      const ring = this.#ring(from, this.#me);
      if (Atomics.load(this.#words, ring) === Atomics.load(this.#words, ring + 1)) continue;
      this.wakeUp();
      return false;
    }
    return true;
  }

  wakeUp(): void {
    Atomics.store(this.#words, this.#count + this.#me, 0);
  }

  /** Nobody accepts for `ms`, in any worker. */
  rest(ms: number): void {
    this.#rest[0] = performance.timeOrigin + performance.now() + ms;
  }

  /** Milliseconds until somebody may accept again; 0 = now. */
  get restMs(): number {
    const until = this.#rest[0] as number;
    return until === 0 ? 0 : Math.max(0, until - performance.timeOrigin - performance.now());
  }

  close(): void {
    this.#wakeFds.forEach((fd, i) => {
      if (i !== this.#me) close(fd);
    });
  }

  /** Itself, when it is alone. */
  #idlest(): number {
    let idlest = this.#me;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#count; i++) {
      const load = Atomics.load(this.#words, i);
      if (i === this.#me || load >= least) continue;
      idlest = i;
      least = load;
    }
    return idlest;
  }

  #ring(from: number, to: number): number {
    return 2 * this.#count + RING_WORDS * (from * this.#count + to);
  }
}

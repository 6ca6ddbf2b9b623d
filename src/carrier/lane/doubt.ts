/**
 * Doubt that the peer is still there: a stream was opened, and nothing at all was heard of it since.
 *
 * QUIC itself gives up after five seconds. Until a peer has said yes nothing of a client's was sent, so that such a connection can go over the
 * link in less than one; so do later ones, until something is heard again.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';

/** Milliseconds in which a peer that is near is heard of, and round trips for one that is far. */
const patienceMs = 600;
const roundTrips = 3;

interface Heard {
  /** When a packet came last, on the clock of `performance.now`. */
  readonly heardAt: number;
}

interface Opened {
  readonly connection: Heard;
  readonly stream: Pick<ByteStream, 'closed' | 'reset'>;
  readonly at: number;
}

export class Doubt {
  readonly #rttMs: () => number | undefined;
  /** Those of which nothing was heard when somebody looked last. */
  #opened: Opened[] = [];
  #timer: NodeJS.Timeout | undefined;
  #silentSince = Number.NEGATIVE_INFINITY;

  constructor(rttMs: () => number | undefined) {
    this.#rttMs = rttMs;
  }

  /** Nothing was heard since a stream was given up. */
  about({ heardAt }: Heard): boolean {
    return heardAt < this.#silentSince;
  }

  /** A stream was opened: it is reset if nothing is heard of the peer in time. */
  opened(connection: Heard, stream: Opened['stream']): void {
    this.#opened.push({ connection, stream, at: performance.now() });
    this.#timer ??= setTimeout(() => this.#look(), this.#ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#opened = [];
  }

  get #ms(): number {
    return Math.max(patienceMs, roundTrips * (this.#rttMs() ?? 0));
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    const silent = this.#opened.filter(({ connection, stream, at }) => !stream.closed && connection.heardAt < at);
    // Half of the time is enough to know, for those that came since.
    const late = silent.filter(({ at }) => now - at >= this.#ms / 2);
    this.#opened = silent.filter((one) => !late.includes(one));
    if (this.#opened.length > 0) this.#timer = setTimeout(() => this.#look(), this.#ms / 2).unref();
    if (late.length > 0) this.#silentSince = now;
    for (const { stream } of late) stream.reset();
  }
}

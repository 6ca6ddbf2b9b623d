/**
 * Is the other end there? Times of one connection that quiche does not keep, and those who wait for a sign of life.
 *
 *   handshake: done within its time       keepalive: a ping each so often       suspicion: a sign within a moment
 */

/** After a sign that nobody is there any more, a packet has to come within this time. */
const SUSPECT_MS = 800;

export type Due = 'ping' | 'handshake-late' | 'gone';

export class Liveness {
  /** When a packet of the peer came last. */
  heardAt: number;
  readonly #keepAliveMs: number;
  readonly #listeners = new Set<() => void>();
  #handshakeUntil: number;
  #keepAliveAt = Infinity;
  #suspectUntil = Infinity;
  #news = false;

  constructor(now: number, handshakeMs: number, keepAliveMs: number) {
    this.heardAt = now;
    this.#handshakeUntil = now + handshakeMs;
    this.#keepAliveMs = keepAliveMs;
  }

  heard(now: number): void {
    this.heardAt = now;
    this.#suspectUntil = Infinity;
    this.#news = true;
  }

  /** The handshake is over. */
  settled(now: number): void {
    this.#handshakeUntil = Infinity;
    this.#keepAliveAt = now + this.#keepAliveMs;
  }

  /** @returns false when it was under suspicion already */
  suspect(now: number): boolean {
    if (this.#suspectUntil !== Infinity) return false;
    this.#suspectUntil = now + SUSPECT_MS;
    return true;
  }

  /** When {@link due} has something to say next. */
  get next(): number {
    return Math.min(this.#handshakeUntil, this.#keepAliveAt, this.#suspectUntil);
  }

  due(now: number): Due | undefined {
    if (now >= this.#handshakeUntil) return 'handshake-late';
    if (now >= this.#suspectUntil) return 'gone';
    if (now < this.#keepAliveAt) return undefined;
    this.#keepAliveAt = now + this.#keepAliveMs;
    return 'ping';
  }

  /** Calls `listener` with each news, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells those who wait, if there is news. */
  tell(): void {
    if (!this.#news) return;
    this.#news = false;
    this.tellAll();
  }

  tellAll(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves with true at the next news, with false after `ms`. */
  sign(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (came: boolean): void => {
        clearTimeout(timer);
        forget();
        resolve(came);
      };
      const forget = this.listen(() => settle(true));
      const timer = setTimeout(() => settle(false), ms);
    });
  }
}

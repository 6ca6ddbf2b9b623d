/** Ends links that this daemon dialed and nobody needs any more, after a while. */
import type { Peer } from './peer.ts';

/** Milliseconds that a link is kept when nobody needs it. */
const IDLE_MS = 60_000;

export interface IdleLinksOptions {
  readonly isIdle: (peer: Peer) => boolean;
  readonly end: (peer: Peer) => void;
  readonly ms?: number;
}

interface Watch {
  readonly timer: NodeJS.Timeout;
  /** It was idle at the last look, too. */
  idle: boolean;
}

export class IdleLinks implements Disposable {
  readonly #options: IdleLinksOptions;
  readonly #watched = new Map<Peer, Watch>();

  constructor(options: IdleLinksOptions) {
    this.#options = options;
  }

  /** Looks at it now and then, until its link is over; again is a no-op. */
  watch(peer: Peer): void {
    if (this.#watched.has(peer) || peer.link?.dialed !== true) return;
    const { ms = IDLE_MS } = this.#options;
    const timer = setInterval(() => this.#look(peer), ms / 2).unref();
    this.#watched.set(peer, { timer, idle: false });
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#watched.values()) clearInterval(timer);
    this.#watched.clear();
  }

  #look(peer: Peer): void {
    const watch = this.#watched.get(peer);
    if (watch === undefined) return;
    const { isIdle, end } = this.#options;
    const idle = peer.link?.dialed === true && isIdle(peer);
    if (peer.link?.dialed !== true || (idle && watch.idle)) {
      clearInterval(watch.timer);
      this.#watched.delete(peer);
      if (idle) end(peer);
      return;
    }
    watch.idle = idle;
  }
}

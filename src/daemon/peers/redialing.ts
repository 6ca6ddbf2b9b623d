/**
 * When to dial a peer again: at once, then with growing pauses, as long as it is needed.
 *
 *   needed ──► dial ──failed──► a pause, growing ──► dial
 *                └─up─► over after a while: at once, from the first pause on
 *                       over too soon: as if it had failed, or a peer that lets us in only to throw us out would be dialed without end
 */
import { backOff, pause } from '../../lib/pause.ts';

/** Milliseconds between attempts: first and last. */
const RETRY_MS = [500, 30_000] as const;
/** Milliseconds that a link has to last to count as one. */
const LASTING_MS = 10_000;

export interface RedialingOptions {
  readonly needed: () => boolean;
  /** One attempt; resolves also when it failed. */
  readonly attempt: () => Promise<void>;
  /** Of a monotonic clock; for tests. */
  readonly now?: () => number;
}

export class Redialing {
  readonly #options: RedialingOptions;
  readonly #now: () => number;
  #delays = backOff(...RETRY_MS);
  #atOnce = true;
  #linkedAt: number | undefined;
  #hurry = new AbortController();
  #running = false;

  constructor(options: RedialingOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Somebody needs it; again is a no-op. */
  begin(): void {
    if (this.#running || !this.#options.needed()) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
    });
  }

  /** There is something new to try. */
  hurry(): void {
    this.#afresh();
    this.#hurry.abort();
    this.#hurry = new AbortController();
    this.begin();
  }

  /** There is a link, whoever dialed it. */
  linked(): void {
    this.#linkedAt ??= this.#now();
  }

  /** There is none any more. */
  over(): void {
    const lasted = this.#now() - (this.#linkedAt ?? this.#now());
    this.#linkedAt = undefined;
    if (lasted >= LASTING_MS) this.hurry();
    else this.begin();
  }

  [Symbol.dispose](): void {
    this.#hurry.abort();
  }

  #afresh(): void {
    this.#delays = backOff(...RETRY_MS);
    this.#atOnce = true;
  }

  async #run(): Promise<void> {
    const { needed, attempt } = this.#options;
    while (needed()) {
      if (!this.#atOnce) await pause(this.#delays.next().value, this.#hurry.signal).catch(() => undefined);
      if (!needed()) return;
      this.#atOnce = false;
      await attempt();
    }
  }
}

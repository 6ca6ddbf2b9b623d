/**
 * Whether the peer lives, and how far away it is. Pure: is told of the time, and says what to do.
 */
import type { MuxLimits } from './limits.ts';

/** Round trips of which the shortest counts: those under load measure queues, not the path. */
const samples = 8;

/** Milliseconds after which the path is measured again although bytes keep coming. */
const measureEveryMs = 5_000;

export class Keepalive {
  readonly #limits: MuxLimits;
  #lastTick: number;
  #lastHeard: number;
  #lastPing: number;
  #heard = true;
  #rtts: number[] = [];

  constructor(limits: MuxLimits, now: number) {
    this.#limits = limits;
    this.#lastTick = now;
    this.#lastHeard = now;
    this.#lastPing = now;
  }

  /** Milliseconds; undefined until the first answer. */
  get rtt(): number | undefined {
    return this.#rtts.length === 0 ? undefined : Math.min(...this.#rtts);
  }

  /** Bytes came; cheap enough for every chunk, because it does not ask the time. */
  heard(): void {
    this.#heard = true;
  }

  answered(ms: number): void {
    this.#rtts.push(ms);
    if (this.#rtts.length > samples) this.#rtts.shift();
  }

  tick(now: number): 'ping' | 'dead' | 'well' {
    const { tickMs, pingAfterMs, deadAfterMs } = this.#limits;
    // We slept ourselves (a stopped process, a suspended machine): what the peer sent meanwhile was not read yet.
    const slept = now - this.#lastTick > Math.max(4 * tickMs, deadAfterMs / 2);
    this.#lastTick = now;
    if (this.#heard || slept) {
      this.#heard = false;
      this.#lastHeard = now;
    }
    const silent = now - this.#lastHeard;
    if (silent >= deadAfterMs) return 'dead';
    const due = silent >= pingAfterMs || now - this.#lastPing >= measureEveryMs;
    if (!due || now - this.#lastPing < pingAfterMs) return 'well';
    this.#lastPing = now;
    return 'ping';
  }
}

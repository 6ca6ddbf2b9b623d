/**
 * Whether datagrams reach the peer, and when to find out. Pure: is told of the time, and says what to probe.
 *
 *     probing ──answered──► direct ──probes lost in a row──► blocked
 *        └──── too long ────────────────────────────────────►  │ ▲
 *                              direct ◄──answered──────────────┘ └ probes go on, ever more rarely
 *
 * The only proof is the answer to a probe of our own: that packets of the peer arrive says nothing about ours. Probes have
 * the size that datagrams may have, so that a path which passes only small packets is none.
 */
import type { DatagramLimits } from './limits.ts';
import { PathSize } from './path-size.ts';

export type ChannelState = 'probing' | 'direct' | 'blocked';

/** A probe that was sent. */
export interface Probe {
  readonly size: number;
  readonly at: number;
  readonly epoch: number;
  readonly generation: number;
}

interface Outstanding extends Probe {
  counted: boolean;
}

/** Probes that may still be answered; those that count as lost among them, for an answer may only be late. */
const maxOutstanding = 32;

export class Prober {
  readonly #limits: DatagramLimits;
  readonly path: PathSize;
  /** By serial number, the oldest first. */
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #since: number;
  #state: ChannelState = 'probing';
  #serial = 0;
  #tickAt: number;
  #probedAt = -Infinity;
  #interval: number;
  #poked = true;
  /** Of the smallest size, in a row. */
  #lost = 0;
  /** Datagrams were sent that no answer has covered yet. */
  #sending = false;
  #rtt: number | undefined;
  /** Probes that were lost, of whatever size. */
  lostProbes = 0;

  constructor(limits: DatagramLimits, now: number) {
    this.#limits = limits;
    this.path = new PathSize(limits);
    this.#since = now;
    this.#tickAt = now;
    this.#interval = limits.retryMs;
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Milliseconds there and back of the probe that was answered last. */
  get rtt(): number | undefined {
    return this.#rtt;
  }

  /** A probe is wanted before its time. */
  get poked(): boolean {
    return this.#poked;
  }

  /** Something is different (a new epoch, a sign of life): probe with the next tick. */
  poke(): void {
    this.#poked = true;
    if (this.#state !== 'direct') this.#interval = this.#limits.retryMs;
  }

  /** The peer has moved: what was known about the path is not. */
  moved(): void {
    this.path.restart();
    this.poke();
  }

  /** Datagrams were sent. */
  sent(): void {
    this.#sending = true;
  }

  /** @returns the sizes to probe now */
  tick(now: number): readonly number[] {
    const passed = now - this.#tickAt;
    this.#tickAt = now;
    // We slept ourselves, or the clock was set back: what was not answered meanwhile says nothing.
    if (passed < 0 || passed > Math.max(4 * this.#limits.tickMs, 2 * this.#limits.answerMs)) this.#forgive();
    this.#expire(now);
    this.path.tick(now);
    if (this.#state === 'probing' && now - this.#since >= this.#limits.probingMs) this.#state = 'blocked';
    if (!this.#isDue(now - this.#probedAt)) return [];
    this.#poked = false;
    this.#probedAt = now;
    const { base, wanted } = this.path;
    if (this.#state === 'direct') return wanted === undefined ? [base] : [base, wanted];
    this.#interval = Math.min(2 * this.#interval, this.#limits.retryMaxMs);
    return [base];
  }

  /** A probe leaves. @returns its serial number */
  probe(probe: Probe): number {
    this.#serial += 1;
    this.#outstanding.set(this.#serial, { ...probe, counted: false });
    for (const oldest of this.#outstanding.keys()) {
      if (this.#outstanding.size <= maxOutstanding) break;
      this.#outstanding.delete(oldest);
    }
    return this.#serial;
  }

  /** @returns the probe that this answers; undefined for one that is not expected (any more) */
  answered(serial: number, now: number): Probe | undefined {
    const probe = this.#outstanding.get(serial);
    if (probe === undefined) return undefined;
    this.#outstanding.delete(serial);
    this.#rtt = Math.max(0, now - probe.at);
    this.#lost = 0;
    this.#sending = false;
    const before = this.path.size;
    if (this.#state === 'direct') {
      this.path.answered(probe.size);
    } else {
      this.#state = 'direct';
      this.path.restart();
      this.#poked = true;
    }
    if (this.path.size !== before) this.#poked = true;
    return probe;
  }

  #isDue(since: number): boolean {
    const { retryMs, answerMs, keepaliveMs } = this.#limits;
    if (this.#poked) return since >= Math.min(retryMs, this.#interval);
    if (this.#state !== 'direct') return since >= this.#interval;
    return since >= (this.#sending || this.#lost > 0 || this.path.unsettled ? answerMs : keepaliveMs);
  }

  #expire(now: number): void {
    for (const probe of this.#outstanding.values()) {
      if (now - probe.at < this.#limits.answerMs) return;
      if (probe.counted) continue;
      probe.counted = true;
      this.lostProbes += 1;
      if (probe.size === this.path.base) this.#lost += 1;
      else this.path.lost(probe.size, now);
    }
    if (this.#state !== 'direct' || this.#lost < this.#limits.lostProbes) return;
    this.#state = 'blocked';
    this.#interval = this.#limits.answerMs;
  }

  #forgive(): void {
    this.#outstanding.clear();
    this.#lost = 0;
    this.#probedAt = -Infinity;
    this.#poked = true;
  }
}

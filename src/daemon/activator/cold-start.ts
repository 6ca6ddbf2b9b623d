/**
 * The stations of one cold start and when each was reached: why a first connection took so long.
 *
 *   accepted ─► pulled ─► created ─► started ─► entered ─► planted ─► ready ─► dialed ─► first byte
 *
 * Times are Unix milliseconds with fractions, so that those of other threads fit in.
 */
import type { ServedTrace } from '../../proxy/route.ts';
import type { ColdStart as Shape } from '../../spec/api.ts';

/** In the order they are reached; which of them occur depends on what had to be done. */
export type Station =
  | 'accepted'
  | 'pulled'
  | 'created'
  | 'started'
  | 'entered'
  | 'planted'
  | 'ready'
  | 'dialed'
  | 'first-byte';

const order: readonly Station[] = [
  'accepted',
  'pulled',
  'created',
  'started',
  'entered',
  'planted',
  'ready',
  'dialed',
  'first-byte',
];

/** How many are kept for `inspect`. */
const KEPT = 5;

export const unixMs = (): number => performance.timeOrigin + performance.now();

export class ColdStart {
  readonly #begun: number;
  readonly #at = new Map<Station, number>();
  #failure = '';

  constructor(begun: number = unixMs()) {
    this.#begun = begun;
  }

  /** Notes that a station was reached; of several containers the last one counts. */
  reach(station: Station, at: number = unixMs()): void {
    this.#at.set(station, at);
  }

  fail(reason: string): void {
    this.#failure = reason;
  }

  /** False when nothing had to be done: everything ran already. */
  get eventful(): boolean {
    return this.#failure !== '' || this.#at.has('created') || this.#at.has('started') || this.#at.has('pulled');
  }

  /** Milliseconds of each station since the one before it. */
  describe(): Shape {
    let before = this.#at.get('accepted') ?? this.#begun;
    const begun = before;
    const stations = order.flatMap((station) => {
      const at = this.#at.get(station);
      if (at === undefined || station === 'accepted') return [];
      const ms = Math.max(0, at - before);
      before = Math.max(before, at);
      return [{ station, ms: Math.round(ms * 1000) / 1000 }];
    });
    return {
      at: new Date(begun).toISOString(),
      totalMs: Math.round((before - begun) * 1000) / 1000,
      stations,
      failure: this.#failure,
    };
  }
}

/** The last ones, newest first. */
export class ColdStarts {
  readonly #kept: ColdStart[] = [];

  keep(start: ColdStart): void {
    if (!start.eventful) return;
    this.#kept.unshift(start);
    this.#kept.length = Math.min(this.#kept.length, KEPT);
  }

  /** The first connection after the last one was served: its last stations. */
  served({ acceptedAt, dialedAt, firstByteAt }: ServedTrace): void {
    const [last] = this.#kept;
    last?.reach('accepted', acceptedAt);
    last?.reach('dialed', dialedAt);
    last?.reach('first-byte', firstByteAt);
  }

  describe(): readonly Shape[] {
    return this.#kept.map((start) => start.describe());
  }
}

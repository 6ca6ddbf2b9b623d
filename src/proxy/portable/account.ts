/**
 * What is counted of one connection, from its beginning to the record of its end.
 */
import type { ConnectionRecord, ServedTrace } from '../route.ts';
import type { JoinEnd } from './client.ts';
import type { ConnectionDeps } from './connection.ts';
import { now } from './targets.ts';

export class Account {
  readonly #deps: ConnectionDeps;
  readonly #from: string;
  readonly #accepted = now();
  /** Number of the answer whose first connection it may be; 0 for none. */
  readonly #answer: number;
  #label = '';
  #dialMs = -1;
  #in = 0;
  #out = 0;

  /** A connection begins. @param from where the client came from */
  constructor(deps: ConnectionDeps, from: string) {
    const { options, tail, tally } = deps;
    this.#deps = deps;
    this.#from = from;
    this.#answer = options.onServed !== undefined && tail.stale ? tail.awaited : 0;
    tally.add('open', 1);
    tally.add('total', 1);
  }

  /** Its target is reached. */
  reached(label: string): void {
    this.#label = label;
    this.#dialMs = now() - this.#accepted;
    this.#deps.tally.dialTimes.add(this.#dialMs * 1000);
  }

  /** Bytes were read from the client (`in`) or from the target (`out`). */
  readonly count = (direction: 'in' | 'out', bytes: number): void => {
    const { options, tail, tally } = this.#deps;
    if (direction === 'in') {
      this.#in += bytes;
      tally.add('bytesIn', bytes);
      return;
    }
    this.#out += bytes;
    tally.add('bytesOut', bytes);
    if (tail.firstServed(this.#answer)) options.onServed?.(this.#trace());
  };

  /** It came to nothing; `over` follows. */
  failed(): void {
    this.#deps.tally.add('failed', 1);
  }

  over(end: JoinEnd): void {
    const { options, tally } = this.#deps;
    tally.add('open', -1);
    options.onClosed?.({
      client: this.#from,
      upstream: this.#label,
      ...end,
      durationMs: now() - this.#accepted,
      dialMs: this.#dialMs,
      bytesIn: this.#in,
      bytesOut: this.#out,
    } satisfies ConnectionRecord);
  }

  #trace(): ServedTrace {
    const unix = (ms: number): number => performance.timeOrigin + ms;
    return {
      acceptedAt: unix(this.#accepted),
      dialedAt: unix(this.#accepted + this.#dialMs),
      firstByteAt: unix(now()),
    };
  }
}

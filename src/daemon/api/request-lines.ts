/** The log's line about each request that changes something: all of this machine's people, of peers at a bounded rate. */
import { LineRate } from '../../lib/line-rate.ts';
import type { Logger } from '../log.ts';
import type { Origin } from './operations.ts';

/** Lines of one identity at once: after a restart its wormholes are all asked for again. */
const BURST = 200;
/** Characters of a path that are worth a line. */
const LONGEST = 300;

export class RequestLines {
  readonly #log: Pick<Logger, 'info'>;
  readonly #rates = new Map<string, LineRate>();

  constructor(log: Pick<Logger, 'info'>) {
    this.#log = log;
  }

  note(method: string, path: string, origin: Origin): void {
    const suppressed = origin.kind === 'peer' ? this.#take(origin.identity) : 0;
    if (suppressed === undefined) return;
    const about = { method, url: path.slice(0, LONGEST), origin, ...(suppressed > 0 && { suppressed }) };
    this.#log.info(about, 'control request');
  }

  #take(identity: string): number | undefined {
    const rate = this.#rates.get(identity) ?? new LineRate(undefined, BURST);
    this.#rates.set(identity, rate);
    return rate.take();
  }
}

/**
 * Wormholes that are deleted but not gone: their connections live on, then their containers are removed.
 */
import { Deadline, within } from '../../lib/deadline.ts';
import type { RouteStats } from '../../proxy/route.ts';
import type { Logger } from '../log.ts';
import { type Entry, RememberedWormhole } from '../wormhole/entry.ts';
import { sumStats } from '../wormhole/stats.ts';

/** Milliseconds that mean "as long as it takes": the most a timer holds, 24 days. */
const NO_DEADLINE_MS = 2 ** 31 - 1;
/** Milliseconds that whoever deletes waits for containers to go; an engine that hangs is not to hang them, too. */
const PATIENCE_MS = 15_000;

export class Draining {
  readonly #log: Logger;
  readonly #onLeftBehind: () => void;
  readonly #entries = new Set<Entry>();
  readonly #ends = new Map<Entry, Promise<void>>();
  #retired = sumStats([]);

  /** @param onLeftBehind containers of a wormhole that is gone may be there still */
  constructor(log: Logger, onLeftBehind: () => void) {
    this.#log = log;
    this.#onLeftBehind = onLeftBehind;
  }

  get entries(): readonly Entry[] {
    return [...this.#entries];
  }

  /** Counters of those that are gone. */
  get retired(): RouteStats {
    return this.#retired;
  }

  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  add(entry: Entry): void {
    this.#entries.add(entry);
    this.#ends.set(entry, this.#end(entry));
  }

  /** Resolves when nothing is left of `entry`, or, of its containers, when that takes too long to wait for. */
  async gone(entry: Entry): Promise<void> {
    using patience = new Deadline(PATIENCE_MS);
    await within(patience.signal, this.#ends.get(entry) ?? Promise.resolve()).catch(() => undefined);
  }

  /** Resolves when nothing is left of any. */
  async settled(): Promise<void> {
    await Promise.all(this.#ends.values());
  }

  async #end(entry: Entry): Promise<void> {
    let whole = !(entry instanceof RememberedWormhole);
    try {
      await entry.end(NO_DEADLINE_MS);
      await entry.removeContainers();
    } catch (err) {
      whole = false;
      this.#log.error({ err, wormhole: entry.id }, 'wormhole did not close cleanly');
    }
    this.#retired = sumStats([this.#retired, { ...entry.routeStats, connectionsOpen: 0 }]);
    this.#entries.delete(entry);
    this.#ends.delete(entry);
    if (!whole) this.#onLeftBehind();
  }
}

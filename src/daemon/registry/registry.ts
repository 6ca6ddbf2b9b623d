/**
 * All wormholes of this daemon by id: made, remembered, made again, deleted.
 *
 *   create ──► (pending) ──► live ──► draining ──► forgotten      a failed create leaves nothing
 *   restore ─────────────► live (whatever its status)
 *
 * An id is free again as soon as its wormhole drains. Leaves building to `wormhole/open.ts`.
 */

import { isDeepStrictEqual } from 'node:util';
import { WormholeError } from '../../lib/errors.ts';
import type { RouteStats } from '../../proxy/route.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Memory } from '../state/store.ts';
import type { Surroundings } from '../surroundings.ts';
import { BrokenWormhole, type Entry } from '../wormhole/entry.ts';
import { openWormhole } from '../wormhole/open.ts';
import { sumStats } from '../wormhole/stats.ts';
import { reasonOf, type Status } from '../wormhole/status.ts';
import { interpret } from './interpret.ts';
import { Remembering } from './remembering.ts';

/** Milliseconds that mean "as long as it takes": the most a timer holds, 24 days. */
const NO_DEADLINE_MS = 2 ** 31 - 1;
/** Wormholes made again at the same time. */
const RESTORES_AT_ONCE = 16;

export interface RegistryOptions {
  readonly surroundings: Surroundings;
  readonly memory: Memory;
  /** A fresh id that `taken` says no to. */
  readonly makeId: (taken: (id: string) => boolean) => string;
  readonly now?: () => Date;
}

export class Registry {
  readonly #options: RegistryOptions;
  readonly #remembering: Remembering;
  readonly #live = new Map<string, Entry>();
  readonly #pending = new Set<string>();
  readonly #draining = new Set<Entry>();
  readonly #ends = new Set<Promise<void>>();
  readonly #logged = new Map<Entry, Status>();
  #retired = sumStats([]);
  #sequence = 0;
  #closing = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#remembering = new Remembering(options.memory, options.surroundings.log);
  }

  /** @throws {WormholeError} whatever keeps it from working; nothing is left of it then */
  async create(words: readonly string[], signal: AbortSignal): Promise<Entry> {
    const { plan, shown } = interpret(words);
    this.#refuseWhenClosing();
    const taken = (id: string): boolean => this.#live.has(id) || this.#pending.has(id);
    const id = plan.id ?? this.#options.makeId(taken);
    if (taken(id)) {
      throw new WormholeError('WH_ERR_WORMHOLE_EXISTS', `there is a wormhole ${id}; delete it or choose another id`, {
        detail: { id },
      });
    }
    this.#pending.add(id);
    try {
      const createdAt = (this.#options.now?.() ?? new Date()).toISOString();
      const record: WormholeRecord = { version: 1, id, words, createdAt, sequence: ++this.#sequence };
      const entry = await this.#open({ record, plan, shown, eager: true, signal });
      await this.#adopt(entry);
      return entry;
    } finally {
      this.#pending.delete(id);
    }
  }

  /** Makes remembered wormholes again, in order; resolves when each was tried once. None is dropped. */
  async restore(records: readonly WormholeRecord[], signal: AbortSignal): Promise<void> {
    for (const { id, sequence } of records) {
      this.#pending.add(id);
      this.#sequence = Math.max(this.#sequence, sequence);
    }
    const queue = records.values();
    const work = async (): Promise<void> => {
      for (const record of queue) await this.#restoreOne(record, signal);
    };
    await Promise.all(Array.from({ length: RESTORES_AT_ONCE }, work));
  }

  /** Live ones in order of creation, then those that drain. */
  list(): readonly Entry[] {
    const live = [...this.#live.values()].sort((a, b) => a.record().sequence - b.record().sequence);
    return [...live, ...this.#draining];
  }

  /** @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND */
  get(id: string): Entry {
    const entry = this.#live.get(id) ?? [...this.#draining].find((draining) => draining.id === id);
    if (entry === undefined) throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', `there is no wormhole ${id}`);
    return entry;
  }

  /**
   * Forgets a wormhole and closes its listener; resolves when nothing new can come in, with `now` when nothing is left.
   *
   * @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND; WH_ERR_STATE, and the wormhole stays
   */
  async remove(id: string, now: boolean): Promise<Entry> {
    const entry = this.get(id);
    if (this.#live.get(id) === entry) {
      await this.#remembering.forget(id);
      // Somebody else may have removed it meanwhile.
      if (this.#live.get(id) === entry) this.#drain(entry);
      await entry.stop();
    }
    if (now) await entry.end(0);
    return entry;
  }

  /** Counters of everything since the start, deleted wormholes included. */
  totals(): RouteStats {
    return sumStats([this.#retired, ...this.list().map(({ routeStats }) => routeStats)]);
  }

  /** Stops all, waits for connections up to `drainMs`, then ends the rest. May be called again with less. */
  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    const entries = this.list();
    await Promise.allSettled(entries.map((entry) => entry.end(drainMs)));
    await Promise.allSettled(this.#ends);
    await this.#remembering.settled();
  }

  async #restoreOne(record: WormholeRecord, signal: AbortSignal): Promise<void> {
    const { log } = this.#options.surroundings;
    this.#remembering.known(record);
    try {
      this.#refuseWhenClosing();
      this.#live.set(record.id, await this.#open({ record, ...interpret(record.words), eager: false, signal }));
    } catch (err) {
      if (signal.aborted) return;
      log.error({ err, wormhole: record.id }, 'wormhole cannot be made again');
      this.#live.set(record.id, new BrokenWormhole(record, reasonOf(err)));
    } finally {
      this.#pending.delete(record.id);
      this.#changed(record.id);
    }
  }

  #open(recipe: Omit<Parameters<typeof openWormhole>[0], 'surroundings' | 'onChange' | 'holderOf'>): Promise<Entry> {
    const { surroundings } = this.#options;
    return openWormhole({
      ...recipe,
      surroundings,
      onChange: () => this.#changed(recipe.record.id),
      holderOf: (spot) => this.list().find((entry) => entry.holds(spot))?.id,
    });
  }

  /** Takes a new wormhole in once it is remembered. */
  async #adopt(entry: Entry): Promise<void> {
    try {
      this.#refuseWhenClosing();
      await this.#remembering.save(entry.record());
      this.#refuseWhenClosing();
    } catch (error) {
      await entry.end(0);
      throw error;
    }
    this.#live.set(entry.id, entry);
    this.#changed(entry.id);
  }

  #changed(id: string): void {
    const entry = this.#live.get(id);
    if (entry === undefined || this.#closing) return;
    this.#remembering.update(entry.record());
    const { status } = entry;
    if (isDeepStrictEqual(this.#logged.get(entry), status)) return;
    this.#logged.set(entry, status);
    const { url, spec } = entry.describe();
    const log = this.#options.surroundings.log.child({ wormhole: id });
    const facts = { url, spec, state: status.state, ...(status.reason !== '' && { reason: status.reason }) };
    if (status.state === 'failed') log.warn(facts, 'wormhole failed');
    else log.info(facts, `wormhole ${status.state}`);
  }

  #drain(entry: Entry): void {
    this.#live.delete(entry.id);
    this.#draining.add(entry);
    this.#options.surroundings.log.info({ wormhole: entry.id }, 'wormhole deleted');
    this.#track(this.#end(entry, NO_DEADLINE_MS));
  }

  async #end(entry: Entry, drainMs: number): Promise<void> {
    try {
      await entry.end(drainMs);
    } catch (err) {
      this.#options.surroundings.log.error({ err, wormhole: entry.id }, 'wormhole did not close cleanly');
    }
    this.#retired = sumStats([this.#retired, { ...entry.routeStats, connectionsOpen: 0 }]);
    this.#draining.delete(entry);
    this.#logged.delete(entry);
  }

  #track(end: Promise<void>): void {
    const tracked = end.finally(() => this.#ends.delete(tracked));
    this.#ends.add(tracked);
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new WormholeError('WH_ERR_ABORTED', 'the daemon is stopping');
  }
}

/**
 * All wormholes of this daemon by id: made, remembered, made again, deleted.
 *
 *   create ──► (pending) ──► live ──► draining ──► forgotten      a failed create leaves nothing
 *   restore ─────────────► live (whatever its status)
 *
 * An id is free again as soon as its wormhole drains. Leaves building to `wormhole/open.ts`.
 */
import { Deadline } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { RouteStats } from '../../proxy/route.ts';
import type { WormholeRecord } from '../state/record.ts';
import { failed, type Status } from '../status.ts';
import { type Entry, RememberedWormhole } from '../wormhole/entry.ts';
import { holderFor } from '../wormhole/holder.ts';
import type { openWormhole } from '../wormhole/open.ts';
import { PendingWormhole } from '../wormhole/pending.ts';
import { sumStats } from '../wormhole/stats.ts';
import type { Underway } from '../wormhole/underway.ts';
import { Draining } from './draining.ts';
import type { CreateOptions, Making, RegistryOptions } from './options.ts';
import { Remembering } from './remembering.ts';
import { Telling } from './telling.ts';
import { undone } from './undone.ts';

const NOT_YET: Status = { state: 'waiting', reason: 'the daemon starts; not made again yet' };
/** Wormholes made again at the same time. */
const RESTORES_AT_ONCE = 8;

export class Registry {
  readonly #options: RegistryOptions;
  readonly #remembering: Remembering;
  readonly #live = new Map<string, Entry>();
  readonly #pending = new Map<string, PendingWormhole>();
  readonly #draining: Draining;
  readonly #telling: Telling;
  #sequence = 0;
  #closing = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#remembering = new Remembering(options.memory, options.surroundings.log);
    this.#draining = new Draining(options.surroundings.log, () => options.onLeftBehind?.());
    this.#telling = new Telling(options.surroundings.log, options.onEvent ?? (() => undefined));
  }

  /**
   * @throws {WormholeError} whatever keeps it from working; nothing is left of it then, or the message says what is
   */
  async create(words: readonly string[], signal: AbortSignal, options: CreateOptions = {}): Promise<Entry> {
    const { remembered = true, owner } = options;
    // Loaded when first needed, here and below: the daemon answers before it has read all of itself.
    const { interpretFor } = await import('./interpret.ts');
    const interpreted = await interpretFor(owner, words, this.#options.surroundings.policies, signal);
    const id = interpreted.plan.id ?? this.#options.makeId((other) => this.#taken(other));
    return await this.#make({ id, words, owner, ...interpreted, eager: true, remembered }, signal);
  }

  /**
   * Makes what runs here for a peer, which remembers it.
   *
   * @param made an id that no user can choose; `trail`: whom it runs for
   * @throws {WormholeError} as {@link create} does
   */
  async host(made: Omit<Making, 'remembered'>, signal: AbortSignal): Promise<Entry> {
    return await this.#make({ ...made, remembered: false }, signal);
  }

  #taken(id: string): boolean {
    return this.#live.has(id) || this.#pending.has(id);
  }

  async #make({ id, words, owner, remembered, ...how }: Making, signal: AbortSignal): Promise<Entry> {
    this.#refuseWhenClosing();
    if (this.#taken(id)) {
      throw new WormholeError('WH_ERR_WORMHOLE_EXISTS', `there is a wormhole ${id}; delete it or choose another id`, {
        detail: { id },
      });
    }
    const createdAt = (this.#options.now?.() ?? new Date()).toISOString();
    const sequence = ++this.#sequence;
    const record: WormholeRecord = {
      version: 1,
      id,
      words,
      createdAt,
      sequence,
      ...(owner !== undefined && { owner }),
    };
    const pending = new PendingWormhole(record, how.shown);
    this.#pending.set(id, pending);
    using either = new Deadline(Number.POSITIVE_INFINITY, signal, pending.givenUp);
    const onUnderway = (part: Underway): void => pending.tells(part);
    try {
      const entry = await this.#open({ ...how, record, signal: either.signal, onUnderway });
      await this.#adopt(entry, remembered);
      return entry;
    } catch (error) {
      const told = undone(error);
      if (told !== error) this.#options.onLeftBehind?.();
      throw pending.givenUp.aborted ? pending.givenUp.reason : told;
    } finally {
      this.#pending.delete(id);
      pending.over();
    }
  }

  /** Lists remembered wormholes as waiting, until {@link restore} has made them again. */
  remember(records: readonly WormholeRecord[]): void {
    for (const record of records) {
      this.#live.set(record.id, new RememberedWormhole(record, NOT_YET));
      this.#remembering.known(record);
      this.#sequence = Math.max(this.#sequence, record.sequence);
    }
  }

  /** Makes remembered wormholes again, in order; resolves when each was tried once. None is dropped. */
  async restore(signal: AbortSignal): Promise<void> {
    const queue = this.list().values();
    const work = async (): Promise<void> => {
      for (const entry of queue) await this.#restoreOne(entry, signal);
    };
    await Promise.all(Array.from({ length: RESTORES_AT_ONCE }, work));
  }

  /** Live ones and those that are being made, in order of creation; then those that drain. */
  list(): readonly Entry[] {
    const live = [...this.#live.values(), ...this.#pending.values()];
    return [...live.sort((a, b) => a.record().sequence - b.record().sequence), ...this.#draining.entries];
  }

  /** @throws {WormholeError} WH_ERR_WORMHOLE_NOT_FOUND */
  get(id: string): Entry {
    const entry = this.#live.get(id) ?? this.#pending.get(id) ?? this.#draining.find(id);
    if (entry === undefined) throw new WormholeError('WH_ERR_WORMHOLE_NOT_FOUND', `there is no wormhole ${id}`);
    return entry;
  }

  /**
   * Forgets a wormhole and closes its listener; resolves when nothing new can come in, and when nothing is left if there
   * are no connections, or `now` ends them; of one that is being made, when that is undone.
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
    else if (this.#pending.get(id) === entry) await entry.stop();
    if (now || entry.connections === 0) await this.#draining.gone(entry);
    return entry;
  }

  /** Counters of everything since the start, deleted wormholes included. */
  totals(): RouteStats {
    return sumStats([this.#draining.retired, ...this.list().map(({ routeStats }) => routeStats)]);
  }

  /** Stops all, waits for connections up to `drainMs`, then ends the rest. May be called again with less. */
  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    const entries = this.list();
    await Promise.allSettled(entries.map((entry) => entry.end(drainMs)));
    await this.#draining.settled();
    await this.#remembering.settled();
  }

  async #restoreOne(placeholder: Entry, signal: AbortSignal): Promise<void> {
    const { id } = placeholder;
    const record = placeholder.record();
    const made = await this.#again(record, signal);
    // It may have been deleted, even made anew, since; then nobody waits for this one.
    const deleted = this.#live.get(id) !== placeholder;
    if (deleted || this.#closing) {
      await made.end(0);
      if (deleted) await made.removeContainers();
      return;
    }
    this.#live.set(id, made);
    this.#changed(id);
  }

  async #again(record: WormholeRecord, signal: AbortSignal): Promise<Entry> {
    try {
      this.#refuseWhenClosing();
      const { interpretFor } = await import('./interpret.ts');
      const { policies } = this.#options.surroundings;
      const found = await interpretFor(record.owner, record.words, policies, signal);
      return await this.#open({ record, ...found, eager: false, signal });
    } catch (err) {
      if (!signal.aborted)
        this.#options.surroundings.log.error({ err, wormhole: record.id }, 'wormhole cannot be made again');
      return new RememberedWormhole(record, failed(err));
    }
  }

  async #open(
    recipe: Omit<Parameters<typeof openWormhole>[0], 'surroundings' | 'onChange' | 'holderOf'>,
  ): Promise<Entry> {
    const { surroundings } = this.#options;
    const { openWormhole } = await import('../wormhole/open.ts');
    return await openWormhole({
      ...recipe,
      surroundings,
      onChange: () => this.#changed(recipe.record.id),
      holderOf: (spot) => holderFor(recipe.record, this.list(), spot),
    });
  }

  /** Takes a new wormhole in, once it is remembered if it is to be. */
  async #adopt(entry: Entry, remembered: boolean): Promise<void> {
    try {
      this.#refuseWhenClosing();
      if (remembered) await this.#remembering.save(entry.record());
      this.#refuseWhenClosing();
    } catch (error) {
      await entry.end(0);
      await entry.removeContainers();
      throw error;
    }
    this.#live.set(entry.id, entry);
    this.#changed(entry.id);
  }

  #changed(id: string): void {
    const entry = this.#live.get(id);
    if (this.#closing) return;
    const seen = entry ?? this.#pending.get(id);
    if (seen !== undefined) this.#telling.changed(seen);
    if (entry !== undefined) this.#remembering.update(entry.record());
  }

  #drain(entry: Entry): void {
    this.#live.delete(entry.id);
    this.#telling.deleted(entry);
    this.#draining.add(entry);
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new WormholeError('WH_ERR_ABORTED', 'the daemon is stopping');
  }
}

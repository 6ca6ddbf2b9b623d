/**
 * Keeps memory and entries alike: saves an entry whenever what should be remembered of it has changed.
 *
 * Writes happen one after another, so that a late save never brings back what was forgotten.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../log.ts';
import type { WormholeRecord } from '../state/record.ts';
import type { Memory } from '../state/store.ts';

export class Remembering {
  readonly #memory: Memory;
  readonly #log: Logger;
  readonly #saved = new Map<string, WormholeRecord>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(memory: Memory, log: Logger) {
    this.#memory = memory;
    this.#log = log;
  }

  /** Notes what is on disk already. */
  known(record: WormholeRecord): void {
    this.#saved.set(record.id, record);
  }

  /** @throws {WormholeError} WH_ERR_STATE */
  async save(record: WormholeRecord): Promise<void> {
    await this.#inTurn(() => this.#memory.save(record));
    this.#saved.set(record.id, record);
  }

  /** @throws {WormholeError} WH_ERR_STATE; it is still remembered then */
  async forget(id: string): Promise<void> {
    const record = this.#saved.get(id);
    if (record === undefined) return;
    this.#saved.delete(id);
    try {
      await this.#inTurn(() => this.#memory.forget(id));
    } catch (error) {
      this.#saved.set(id, record);
      throw error;
    }
  }

  /** Saves in the background what differs from what is on disk; only of what was saved before. */
  update(record: WormholeRecord): void {
    const saved = this.#saved.get(record.id);
    if (saved === undefined || isDeepStrictEqual(saved, record)) return;
    this.#saved.set(record.id, record);
    this.#inTurn(() => this.#memory.save(record)).catch((err: unknown) => {
      this.#log.error({ err, wormhole: record.id }, 'wormhole not remembered as it is now');
    });
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

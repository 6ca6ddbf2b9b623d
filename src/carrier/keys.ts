/**
 * Which identity holds which key, on the side that is dialed.
 *
 * The table may be replaced at any time: handshakes that begin later use the new keys, connections stay. Owns its
 * copies of the keys.
 */
import { randomBytes } from 'node:crypto';

/** Identity → pre-shared key, as it crosses to the worker. */
export type KeyEntries = ReadonlyArray<readonly [identity: string, key: Uint8Array]>;

const keyBytes = 32;

export class Keys {
  #keys: ReadonlyMap<string, Uint8Array>;

  constructor(entries: KeyEntries) {
    this.#keys = new Map(entries);
  }

  replace(entries: KeyEntries): void {
    this.#keys = new Map(entries);
  }

  knows(identity: string): boolean {
    return this.#keys.has(identity);
  }

  /**
   * The key of `identity`, or one that nobody has: an unknown name then fails exactly as a known one with a wrong
   * key does, so names cannot be probed. The decoy is always drawn, so that time does not tell either.
   */
  keyOf(identity: string): Uint8Array {
    const decoy = randomBytes(keyBytes);
    return this.#keys.get(identity) ?? decoy;
  }
}

/**
 * Which keys a packet may be opened with. Pure: is told of the time and of what was authenticated.
 *
 * Of each epoch the key in use, the next, so that the peer may take it without asking, and for a while the one before,
 * for packets that were under way. What a packet claims selects a key and changes nothing; `opened` does, after it was
 * authenticated. Keys of an epoch are gone `graceMs` after a newer one was installed, heard or not.
 */
import type { Role } from '../resume/proof.ts';
import { KeyChain } from './keys.ts';
import type { DatagramLimits } from './limits.ts';

/** Epochs at once: the one in use, the one before, and one more for a peer whose connection broke in between. */
const maxEpochs = 3;

interface EpochKeys {
  readonly epoch: number;
  readonly chain: KeyChain;
  /** Of `current`; the next is one higher. */
  generation: number;
  previous: Buffer | undefined;
  current: Buffer;
  next: Buffer;
  previousUntil: number;
  until: number;
}

export class ReceiveKeys {
  readonly #sessionId: Buffer;
  readonly #sender: Role;
  readonly #graceMs: number;
  /** The newest first. */
  #epochs: EpochKeys[] = [];
  #lastTick = -Infinity;

  /** @param sender the peer's role */
  constructor(sessionId: Buffer, sender: Role, { graceMs }: DatagramLimits) {
    this.#sessionId = sessionId;
    this.#sender = sender;
    this.#graceMs = graceMs;
  }

  install(epoch: number, secret: Buffer, now: number): void {
    const chain = new KeyChain(secret, { sessionId: this.#sessionId, epoch, sender: this.#sender });
    for (const old of this.#epochs) old.until = Math.min(old.until, now + this.#graceMs);
    this.#epochs.unshift({
      epoch,
      chain,
      generation: 0,
      previous: undefined,
      current: chain.next(),
      next: chain.next(),
      previousUntil: Infinity,
      until: Infinity,
    });
    for (const old of this.#epochs.splice(maxEpochs)) erase(old);
  }

  /** The key that a packet says it was sealed with; undefined when there is none, or none any more. */
  find(epoch: number, generation: number): Buffer | undefined {
    const keys = this.#epochs.find((candidate) => candidate.epoch === epoch);
    if (keys === undefined) return undefined;
    if (generation === keys.generation) return keys.current;
    if (generation === keys.generation + 1) return keys.next;
    return generation === keys.generation - 1 ? keys.previous : undefined;
  }

  /** A packet was authenticated with the key that `find` gave. */
  opened(epoch: number, generation: number, now: number): void {
    const keys = this.#epochs.find((candidate) => candidate.epoch === epoch);
    if (keys === undefined || generation !== keys.generation + 1) return;
    keys.previous?.fill(0);
    keys.previous = keys.current;
    keys.previousUntil = now + this.#graceMs;
    keys.current = keys.next;
    keys.next = keys.chain.next();
    keys.generation = generation;
  }

  /** Forgets what is due. */
  tick(now: number): void {
    // A clock that went back would keep old keys alive for as long: they go at once instead.
    const wentBack = now < this.#lastTick;
    this.#lastTick = now;
    for (const keys of this.#epochs) {
      if (keys.previous !== undefined && (wentBack || now >= keys.previousUntil)) {
        keys.previous.fill(0);
        keys.previous = undefined;
      }
    }
    const gone = (keys: EpochKeys): boolean => keys.until !== Infinity && (wentBack || now >= keys.until);
    for (const keys of this.#epochs.filter(gone)) erase(keys);
    this.#epochs = this.#epochs.filter((keys) => !gone(keys));
  }

  erase(): void {
    for (const keys of this.#epochs) erase(keys);
    this.#epochs = [];
  }
}

function erase(keys: EpochKeys): void {
  for (const key of [keys.previous, keys.current, keys.next]) key?.fill(0);
  keys.chain.erase();
}

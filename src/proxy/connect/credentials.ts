/**
 * Who may use a CONNECT tail: `USER:PASSWORD` or `USER:HASH` on each line, `#` begins a comment.
 *
 * Passwords are compared in constant time, and an unknown user costs as much as a known one. Hashes cost tens of
 * megabytes each, so they are computed one after the other, and who has given the right password is remembered.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { matchesScrypt, parseScrypt, type ScryptHash } from './scrypt-hash.ts';

/** Milliseconds that a wrong password waits for its answer. */
const PENALTY_MS = 1000;

/** Checks of hashes that wait for their turn; who comes then is not served now. */
const QUEUE_MAX = 32;

const USERS_MAX = 4096;

/** A line that is not understood. */
export class BadLine extends Error {
  /** From 1. */
  readonly line: number;

  /** @param message says nothing of the content */
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A digest of the password, or its hash. */
type Entry = Buffer | ScryptHash;

/** See the module header. */
export class Credentials {
  readonly #users: ReadonlyMap<string, Entry>;
  /** Of this object alone: digests mean nothing elsewhere. */
  readonly #salt = randomBytes(32);
  /** Digests of passwords that were right, by user. */
  readonly #right = new Map<string, Buffer>();
  /** What an unknown user is compared with. */
  readonly #decoy: Entry;
  readonly #penaltyMs: number;
  #turn: Promise<unknown> = Promise.resolve();
  #queued = 0;

  /** @throws {BadLine} */
  constructor(text: string, penaltyMs: number = PENALTY_MS) {
    this.#penaltyMs = penaltyMs;
    this.#users = this.#parse(text);
    const entries = [...this.#users.values()];
    this.#decoy = entries.find((entry) => !Buffer.isBuffer(entry)) ?? this.#digest(randomBytes(32).toString('hex'));
  }

  get size(): number {
    return this.#users.size;
  }

  /**
   * @returns true when that user has that password
   * @throws when too many ask at once, or the signal's reason
   */
  async check(user: string, password: string, signal: AbortSignal): Promise<boolean> {
    const entry = this.#users.get(user);
    const matches = await this.#matches(user, entry ?? this.#decoy, password, signal);
    if (entry !== undefined && matches) return true;
    await pause(this.#penaltyMs, undefined, { signal });
    return false;
  }

  async #matches(user: string, entry: Entry, password: string, signal: AbortSignal): Promise<boolean> {
    const digest = this.#digest(password);
    if (Buffer.isBuffer(entry)) return timingSafeEqual(entry, digest);
    const right = this.#right.get(user);
    if (right !== undefined && timingSafeEqual(right, digest)) return true;
    const matches = await this.#inTurn(() => matchesScrypt(entry, password), signal);
    if (matches && this.#users.has(user)) this.#right.set(user, digest);
    return matches;
  }

  async #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#queued >= QUEUE_MAX) throw new Error('too many passwords are being checked');
    this.#queued++;
    const mine = this.#turn.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#queued--;
    }
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#salt).update(password).digest();
  }

  #parse(text: string): Map<string, Entry> {
    const users = new Map<string, Entry>();
    for (const [index, raw] of text.split('\n').entries()) {
      const line = raw.replace(/\r$/, '');
      if (line.trim() === '' || line.startsWith('#')) continue;
      const colon = line.indexOf(':');
      const user = line.slice(0, Math.max(colon, 0));
      if (user === '' || /\p{Cc}/u.test(line)) throw new BadLine(index + 1, 'is not USER:PASSWORD or USER:HASH');
      if (users.has(user)) throw new BadLine(index + 1, 'has a user that stands twice');
      if (users.size >= USERS_MAX) throw new BadLine(index + 1, `is one too many: ${USERS_MAX} users at most`);
      users.set(user, this.#entry(line.slice(colon + 1), index + 1));
    }
    return users;
  }

  /** What looks like another program's hash is not taken for a password: nobody knows it, so it would lock out silently. */
  #entry(text: string, line: number): Entry {
    if (text === '') throw new BadLine(line, 'has no password');
    if (!/^(?:\$[^$]{1,16}\$|\{[A-Za-z0-9-]+\})/.test(text)) return this.#digest(text);
    const hash = parseScrypt(text);
    if (hash === undefined) throw new BadLine(line, 'has a hash that is not one of "mkpasswd -m scrypt"');
    return hash;
  }
}

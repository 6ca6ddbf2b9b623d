/**
 * A secret in memory: bytes that do not print themselves.
 *
 * Owns the bytes; whoever needs them calls {@link Secret.bytes} at the last moment. Every way in which JavaScript
 * turns a value into text (template strings, JSON, `console.log`, loggers) gives `[redacted]`. It does not defend
 * against a reader of this process's memory.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const redacted = '[redacted]';

/** Bytes that may be used, never shown. */
export class Secret {
  readonly #bytes: Uint8Array;

  /** @param bytes copied; the caller may overwrite its own afterwards */
  constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes);
  }

  /** A copy of the bytes, owned by the caller: hand it on, do not keep it. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /**
   * Compares in a time that depends on neither content nor length.
   *
   * `timingSafeEqual` alone refuses inputs of different length and so tells the length; digests are all equally long.
   */
  equals(other: Secret): boolean {
    const salt = randomBytes(32);
    const digest = (bytes: Uint8Array): Buffer => createHmac('sha256', salt).update(bytes).digest();
    return timingSafeEqual(digest(this.#bytes), digest(other.#bytes));
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}

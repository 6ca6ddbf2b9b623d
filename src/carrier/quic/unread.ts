/**
 * What the streams of one connection hold for users that do not read: at the most, since the engine tells of no stream how much there
 * is of it.
 *
 *   each of them    what its window may have room for
 *   all together    what has come since the first of them was left unread
 *
 * Told to the account of the key; where that is exhausted and more comes, those with the largest windows are broken.
 */
import { type Held, uncounted, usedUp } from '../memory.ts';
import type { QuicheStream } from './stream.ts';

export class Unread {
  readonly #windows = new Map<QuicheStream, number>();
  /** Bytes of all windows. */
  #room = 0;
  /** Bytes that the connection had received when none of them held anything. */
  #since = Number.POSITIVE_INFINITY;
  /** Bytes that it has received, at the last look and at the one before. */
  #received = 0;
  #before = 0;
  #held: Held = uncounted;
  #counted = 0;

  get received(): number {
    return this.#received;
  }

  /** Its user was told that there is something to read, and does not. */
  left(stream: QuicheStream): void {
    const { window } = stream;
    this.#room += window - (this.#windows.get(stream) ?? 0);
    // It was told of at the last look; what it was told of has come since the one before.
    this.#since = Math.min(this.#since, stream.emptyAt ?? this.#before);
    this.#windows.set(stream, window);
    this.#held = stream.held;
  }

  /** All of it was read, or it is over. */
  drained(stream: QuicheStream): void {
    const window = this.#windows.get(stream);
    if (window === undefined) return;
    this.#windows.delete(stream);
    this.#room -= window;
    if (this.#windows.size > 0) return;
    this.#since = Number.POSITIVE_INFINITY;
    this.#count(0);
  }

  /** @param received bytes of the connection, from its beginning */
  look(received: number): void {
    this.#before = this.#received;
    this.#received = received;
    const before = this.#counted;
    this.#recount();
    if (this.#counted <= before) return;
    // As long as it helps: what has come is known of all of them together alone.
    for (let left = Number.POSITIVE_INFINITY; this.#held.exhausted && this.#counted < left; this.#recount()) {
      left = this.#counted;
      this.#largest()?.break(usedUp());
    }
  }

  #recount(): void {
    if (this.#windows.size > 0) this.#count(Math.min(this.#room, this.#received - this.#since));
  }

  #count(bytes: number): void {
    this.#held.add(bytes - this.#counted);
    this.#counted = bytes;
  }

  #largest(): QuicheStream | undefined {
    let [found, most]: [QuicheStream | undefined, number] = [undefined, 0];
    for (const [stream, window] of this.#windows) if (window > most) [found, most] = [stream, window];
    return found;
  }
}

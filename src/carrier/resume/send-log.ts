/**
 * What this end has sent and the other end has not acknowledged, by offset from the session's first byte.
 *
 *     0 ……… acknowledged ─────── sent ─────── written (─ end, which counts as one byte)
 *                     └── kept, for another connection ──┘
 */
import { type Held, uncounted } from '../memory.ts';
import { LogMemory } from './log-memory.ts';

export class SendLog {
  readonly #kept = new LogMemory();
  readonly #held: Pick<Held, 'add'>;
  #bytes = 0;
  #acknowledged = 0;
  #written = 0;
  /** Up to here it was given to the present connection, or to the last one while there is none. */
  #sent = 0;
  #ended = false;

  /** @param held is told how many bytes are kept */
  constructor(held: Pick<Held, 'add'> = uncounted) {
    this.#held = held;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get allAcknowledged(): boolean {
    return this.#ended && this.#acknowledged === this.#written + 1;
  }

  /** Bytes that the present connection was not given. */
  get unsent(): number {
    return Math.max(0, this.#written - this.#sent);
  }

  /** True when the end is next to be sent. */
  get endDue(): boolean {
    return this.#ended && this.#sent === this.#written;
  }

  /** Copies them. @returns their bytes */
  push(slices: readonly Buffer[]): number {
    let count = 0;
    for (const slice of slices) {
      this.#kept.append(slice);
      count += slice.length;
    }
    this.#written += count;
    this.#bytes += count;
    this.#held.add(count);
    return count;
  }

  end(): void {
    this.#ended = true;
  }

  /** The next `count` bytes were given to the connection; the end is one more. */
  sent(count: number): void {
    this.#sent += count;
  }

  /** At most `limit` bytes of what is unsent; they count as sent, and stay until they are acknowledged. */
  take(limit: number): { readonly slices: Buffer[]; readonly bytes: number } {
    const bytes = Math.min(limit, this.unsent);
    const slices = this.#kept.slices(this.#sent - this.#acknowledged, bytes);
    this.#sent += bytes;
    return { slices, bytes };
  }

  /** @returns false when the peer acknowledges what was never sent, or takes back what it acknowledged */
  acknowledge(offset: number): boolean {
    if (!(offset >= this.#acknowledged && offset <= this.#sent)) return false;
    const count = Math.min(offset, this.#written) - Math.min(this.#acknowledged, this.#written);
    this.#kept.drop(count);
    this.#bytes -= count;
    this.#held.add(-count);
    this.#acknowledged = offset;
    return true;
  }

  /** Another connection goes on at `offset`, which the peer has received. @returns as `acknowledge` */
  rewind(offset: number): boolean {
    if (!this.acknowledge(offset)) return false;
    this.#sent = offset;
    return true;
  }
}

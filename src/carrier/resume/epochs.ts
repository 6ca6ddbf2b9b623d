/**
 * Which connection of a session is the newest, also when both ends dial at once.
 *
 * Each attempt has a number higher than any before: odd from the end that dialed the session's first connection, even
 * from the other. So two attempts that cross are never equal; the higher one wins at both ends, the lower one is dropped.
 */
import type { Role } from './proof.ts';

/** From here on the other end's are refused: nobody gets that far by ones and twos, and ours have to go on above them. */
const tooHigh = 2 ** 31;

export class Epochs {
  readonly #parity: number;
  #current = 0;
  #attempt: { readonly epoch: number; readonly abandon: () => void } | undefined;
  #last = 0;

  constructor(role: Role) {
    this.#parity = role === 'dialer' ? 1 : 0;
  }

  /** Of the connection that was attached last. */
  get current(): number {
    return this.#current;
  }

  set current(epoch: number) {
    this.#current = epoch;
    this.#last = Math.max(this.#last, epoch);
  }

  /** Begins an attempt of this end, in place of an earlier one. @param abandon called when another connection comes first */
  begin(abandon: () => void): number {
    this.abandon();
    const epoch = this.#last + (((this.#last + 1) & 1) === this.#parity ? 1 : 2);
    this.#last = epoch;
    this.#attempt = { epoch, abandon };
    return epoch;
  }

  /** The attempt has come to its end. */
  settle(epoch: number): void {
    if (this.#attempt?.epoch === epoch) this.#attempt = undefined;
  }

  abandon(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abandon();
  }

  /** True when the other end's attempt is newer than everything here. */
  mayTake(epoch: number): boolean {
    const isTheirs = (epoch & 1) !== this.#parity && epoch < tooHigh;
    return isTheirs && epoch > this.#current && epoch > (this.#attempt?.epoch ?? 0);
  }
}

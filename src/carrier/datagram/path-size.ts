/**
 * How large the packets of a path may be: begins with what passes everywhere and tries larger ones, one after the other.
 *
 * A size is used once a probe of that size was answered (RFC 8899), and left again when its probes are lost while
 * smaller ones are answered: the path has changed, and swallows it. Pure: is told of the time.
 */
import type { DatagramLimits } from './limits.ts';

/** Probes of one size that may be lost in a row. */
const maxLost = 3;

export class PathSize {
  readonly #limits: DatagramLimits;
  /** Index of the size in use, and of the one that is tried; -1 for none. */
  #used = 0;
  #tried = -1;
  #lost = 0;
  #retryAt = Infinity;

  constructor(limits: DatagramLimits) {
    this.#limits = limits;
  }

  /** Bytes of UDP payload. */
  get size(): number {
    return this.#at(this.#used);
  }

  /** The smallest, which every path must pass. */
  get base(): number {
    return this.#at(0);
  }

  /** The size to probe besides the smallest, if any: one to try, or the one in use to see whether it still passes. */
  get wanted(): number | undefined {
    if (this.#tried > 0) return this.#at(this.#tried);
    return this.#used > 0 ? this.size : undefined;
  }

  /** Whether the next probe decides about the size. */
  get unsettled(): boolean {
    return this.#tried > 0 || this.#lost > 0;
  }

  /** The path is new, or lost: begins again with what passes everywhere. */
  restart(): void {
    this.#used = 0;
    this.#lost = 0;
    this.#try(1);
  }

  tick(now: number): void {
    if (now < this.#retryAt) return;
    this.#retryAt = Infinity;
    this.#try(this.#used + 1);
  }

  answered(size: number): void {
    const index = this.#limits.sizes.indexOf(size);
    if (index === this.#tried && index > 0) {
      this.#used = index;
      this.#try(index + 1);
    } else if (index === this.#used) this.#lost = 0;
  }

  lost(size: number, now: number): void {
    if (size === this.base || size !== this.wanted) return;
    this.#lost += 1;
    if (this.#lost < maxLost) return;
    this.#giveUp(size, now);
  }

  /** The kernel knows that `size` does not leave this machine. */
  tooLarge(size: number, now: number): void {
    if (size > this.base) this.#giveUp(size, now);
  }

  #giveUp(size: number, now: number): void {
    const tried = this.#tried > 0 && this.#at(this.#tried) >= size;
    if (this.#used > 0 && this.size >= size) this.restart();
    else if (tried) this.#try(-1);
    this.#retryAt = now + this.#limits.sizeRetryMs;
  }

  #try(index: number): void {
    this.#tried = index > 0 && index < this.#limits.sizes.length ? index : -1;
    this.#lost = 0;
  }

  #at(index: number): number {
    return this.#limits.sizes[index] ?? this.#limits.sizes[0] ?? 0;
  }
}

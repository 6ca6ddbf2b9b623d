/**
 * What links hold in memory for the other ends: what was sent and is not acknowledged, what came and is not read, what waits to be
 * sent, and what a link and a stream cost by themselves. Counted for each identity that was proved, and for all of them.
 *
 *   scarce      half of it is held: windows grow no more, logs and queues become short; mostly that is enough
 *   full        three quarters are, of what does not become less: new links and connections are refused
 *   exhausted   all of it is: a stream that would hold more is reset
 *
 * An identity that holds little does not pay for what others hold.
 */
import { totalmem } from 'node:os';
import { WormholeError } from '../lib/errors.ts';

const MiB = 1024 * 1024;

/** Bytes that a link costs by itself, and a stream. */
const linkCost = 64 * 1024;
export const streamCost = 8 * 1024;

export interface MemoryLimits {
  /** Bytes. */
  readonly all: number;
  readonly identity: number;
}

/** Whoever holds memory says so. */
export interface Held {
  /** @param bytes more are held; less, if negative */
  add(bytes: number): void;
  readonly scarce: boolean;
  readonly exhausted: boolean;
}

/** Where nobody counts. */
export const uncounted: Held = { add: () => undefined, scarce: false, exhausted: false };

export class LinkMemory {
  readonly #held: All;
  readonly #identities = new Map<string, Identity>();

  constructor(limits: MemoryLimits = memoryLimits()) {
    this.#held = { limits, bytes: 0 };
  }

  /** Bytes that all links hold. */
  get bytes(): number {
    return this.#held.bytes;
  }

  /** For a link of that identity, which gives all of it back when it is disposed. */
  of(name: string): LinkShare {
    const identity = this.#identities.get(name) ?? { bytes: 0, links: 0 };
    this.#identities.set(name, identity);
    identity.links += 1;
    return new Share(this.#held, identity, () => this.#identities.delete(name));
  }
}

/** What all links hold, and how much they may. */
interface All {
  readonly limits: MemoryLimits;
  bytes: number;
}

/** A class, and no literal with getters: those V8 keeps as dictionaries, and these are asked with each write. */
class Share implements LinkShare {
  readonly #all: All;
  readonly #identity: Identity;
  readonly #onLast: () => void;
  #own = 0;
  #over = false;

  /** @param onLast nobody of that identity is left */
  constructor(all: All, identity: Identity, onLast: () => void) {
    this.#all = all;
    this.#identity = identity;
    this.#onLast = onLast;
    this.#count(linkCost);
  }

  add(bytes: number): void {
    if (!this.#over) this.#count(bytes);
  }

  get scarce(): boolean {
    return this.#isHeld(0.5);
  }

  get full(): boolean {
    return this.#isHeld(0.75);
  }

  get exhausted(): boolean {
    return this.#isHeld(1);
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    this.#count(-this.#own);
    this.#identity.links -= 1;
    if (this.#identity.links === 0) this.#onLast();
  }

  #count(bytes: number): void {
    this.#own += bytes;
    this.#identity.bytes += bytes;
    this.#all.bytes += bytes;
  }

  /** @param part of the limits */
  #isHeld(part: number): boolean {
    const { limits, bytes } = this.#all;
    const { all, identity } = limits;
    return (
      this.#identity.bytes >= identity * part || (bytes >= all * part && this.#identity.bytes >= (all / 16) * part)
    );
  }
}

export interface LinkShare extends Held, Disposable {
  readonly full: boolean;
}

interface Identity {
  bytes: number;
  links: number;
}

/** What links may hold in memory is held. */
export function usedUp(): WormholeError {
  return new WormholeError(
    'WH_ERR_LIMIT',
    'links of this key hold as much memory here as they may; connections whose other end does not read hold most of it',
  );
}

/** A quarter of what there is, within bounds; half of that for one identity. */
function memoryLimits(): MemoryLimits {
  const there = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const all = Math.min(Math.max(there / 4, 256 * MiB), 1024 * MiB);
  return { all, identity: all / 2 };
}

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
  readonly #limits: MemoryLimits;
  readonly #identities = new Map<string, Identity>();
  #bytes = 0;

  constructor(limits: MemoryLimits = memoryLimits()) {
    this.#limits = limits;
  }

  /** Bytes that all links hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** For a link of that identity, which gives all of it back when it is disposed. */
  of(name: string): LinkShare {
    const identity = this.#identities.get(name) ?? { bytes: 0, links: 0 };
    this.#identities.set(name, identity);
    identity.links += 1;
    let own = 0;
    const count = (bytes: number): void => {
      own += bytes;
      identity.bytes += bytes;
      this.#bytes += bytes;
    };
    count(linkCost);
    const isHeld = (part: number): boolean => this.#isHeld(identity, part);
    let over = false;
    return {
      add: (bytes) => {
        if (!over) count(bytes);
      },
      get scarce() {
        return isHeld(0.5);
      },
      get full() {
        return isHeld(0.75);
      },
      get exhausted() {
        return isHeld(1);
      },
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        count(-own);
        identity.links -= 1;
        if (identity.links === 0) this.#identities.delete(name);
      },
    };
  }

  /** @param part of the limits */
  #isHeld({ bytes }: Identity, part: number): boolean {
    const { all, identity } = this.#limits;
    return bytes >= identity * part || (this.#bytes >= all * part && bytes >= (all / 16) * part);
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

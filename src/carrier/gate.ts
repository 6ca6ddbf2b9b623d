/**
 * The gate counts who is inside, and turns away those who would be too many.
 *
 * Owns numbers only; it touches no socket. Every entry is given back by the caller, on whatever path it ends.
 */
import type { CarrierLimits } from './limits.ts';

/** Stable words for logs. */
export type Refusal = 'too-many-connections' | 'too-many-handshakes' | 'too-many-handshakes-from-source';

/** One connection's place. Both ends of its life may be told more than once; only the first counts. */
export interface Place {
  /** The peer proved a key: it no longer counts as a handshake. */
  settled(): void;
  /** The connection is gone. */
  left(): void;
}

export class Gate {
  readonly #limits: CarrierLimits;
  readonly #handshakesBySource = new Map<string, number>();
  #handshakes = 0;
  #connections = 0;

  constructor(limits: CarrierLimits) {
    this.#limits = limits;
  }

  /** Connections inside; handshakes among them. */
  get inside(): { readonly connections: number; readonly handshakes: number } {
    return { connections: this.#connections, handshakes: this.#handshakes };
  }

  /** Lets a connection from `host` in, or says why not. */
  enter(host: string): Place | Refusal {
    const source = sourceOf(host);
    const fromSource = this.#handshakesBySource.get(source) ?? 0;
    if (this.#connections >= this.#limits.connections) return 'too-many-connections';
    if (this.#handshakes >= this.#limits.handshakes) return 'too-many-handshakes';
    if (fromSource >= this.#limits.handshakesPerSource) return 'too-many-handshakes-from-source';
    this.#connections += 1;
    this.#handshakes += 1;
    this.#handshakesBySource.set(source, fromSource + 1);
    const settled = once(() => this.#settle(source));
    const leave = once(() => void (this.#connections -= 1));
    return {
      settled,
      left: () => {
        settled();
        leave();
      },
    };
  }

  #settle(source: string): void {
    this.#handshakes -= 1;
    const left = (this.#handshakesBySource.get(source) ?? 1) - 1;
    if (left > 0) this.#handshakesBySource.set(source, left);
    else this.#handshakesBySource.delete(source);
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has all 2^64. */
export function sourceOf(host: string): string {
  const bare = host.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!bare.includes(':')) return bare;
  const [front = '', back] = bare.toLowerCase().split('::');
  const groups = front === '' ? [] : front.split(':');
  // What "::" stands for is zeros; fewer than four groups before it means that they reach into the first four.
  const rest = back === undefined || back === '' ? [] : back.split(':');
  while (groups.length + rest.length < 8) groups.push('0');
  return `${[...groups, ...rest].slice(0, 4).join(':')}::/64`;
}

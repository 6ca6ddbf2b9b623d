/**
 * Where the packets of one connection go. A NAT on the way may give the peer another address at any time: the engine notices,
 * probes the new way and says with each packet where it goes (RFC 9000, 9.3). Here is what stands behind such an address.
 */
import type { Remote } from './port.ts';
import type { HostPort } from './quiche.ts';

/** The one in use, the one before it, and those that are being tried. */
const PATHS_MAX = 4;

export class Paths {
  current: Remote;
  readonly #known: Remote[];

  constructor(first: Remote) {
    this.current = first;
    this.#known = [first];
  }

  has(remote: Remote): boolean {
    return remote === this.current || this.#known.includes(remote);
  }

  /** A packet of the peer's came from there. */
  add(remote: Remote): void {
    if (this.has(remote)) return;
    this.#known.unshift(remote);
    if (this.#known.length <= PATHS_MAX) return;
    const oldest = this.#known.findLastIndex((one) => one !== this.current);
    this.#known.splice(oldest, 1);
  }

  /** The next packet goes there. */
  choose({ host, port }: HostPort): void {
    if (this.#known.length === 1 || is(this.current, host, port)) return;
    this.current = this.#known.find((one) => is(one, host, port)) ?? this.current;
  }
}

function is({ info }: Remote, host: string, port: number): boolean {
  return info.from.port === port && info.from.host === host;
}

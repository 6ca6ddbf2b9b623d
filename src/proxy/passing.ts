/**
 * Connections that have come through peers and go on from an address of this machine, where a head of this very daemon may accept
 * them: the count of hops goes on where a stream ends and another one begins, also through wormholes between that have no peer.
 *
 * So a connection ends that would go round for ever, through wormholes each of which is well. Shared by all threads that dial and
 * accept. By port: a hash of the address by which it is known again, and either the count or the address that it continues. That is
 * looked up last of all, when somebody needs the count: who has dialed that one may be about to note it.
 */

const ports = 65_536;
export const passingBytes = 2 * ports * Uint32Array.BYTES_PER_ELEMENT;
/** Set in what is no count: 15 bits of the hash of the address that it continues, and 16 of its port. */
const CONTINUES = 0x8000_0000;
const HASH = 0x7fff_0000;
const PORT = 0xffff;
/** Wormholes without a peer in a row. */
const longest = 16;

export class Passing {
  /** Two words for each port: hash, and count or continuation. Port 0, which nobody has, says whether there ever was one. */
  readonly #words: Uint32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Uint32Array(shared);
  }

  /** As long as no peer has brought anything here, there is nothing to look for. */
  get any(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /**
   * What came through `hops` peers goes on over a socket here, until it is forgotten.
   *
   * @param from its own address, as its other end sees it; '' when it has none
   */
  note(from: string, hops: number): void {
    if (hops === 0 || !this.#put(from, hops)) return;
    Atomics.store(this.#words, 0, 1);
  }

  /** Whatever comes from `client` goes on from `from`, until that is forgotten. */
  continues(client: string, from: string): void {
    const port = portOf(client);
    if (port > 0) this.#put(from, (CONTINUES | (hashOf(client) & HASH) | port) >>> 0);
  }

  forget(from: string): void {
    const port = portOf(from);
    if (port > 0 && this.#hash(port) === hashOf(from)) Atomics.store(this.#words, 2 * port + 1, 0);
  }

  /** Peers that a client at `from` has come through before it was accepted here. */
  hopsOf(from: string): number {
    let port = portOf(from);
    if (port === 0 || !this.any || this.#hash(port) !== hashOf(from)) return 0;
    for (let step = 0; step < longest; step += 1) {
      const value = Atomics.load(this.#words, 2 * port + 1);
      if ((value & CONTINUES) === 0) return value;
      port = value & PORT;
      if ((this.#hash(port) & HASH) !== (value & HASH)) return 0;
    }
    return 0;
  }

  #hash(port: number): number {
    return Atomics.load(this.#words, 2 * port);
  }

  #put(from: string, value: number): boolean {
    const port = portOf(from);
    if (port === 0) return false;
    Atomics.store(this.#words, 2 * port, hashOf(from));
    Atomics.store(this.#words, 2 * port + 1, value);
    return true;
  }
}

/** Of HOST:PORT; 0 when it has none. */
function portOf(from: string): number {
  const port = Number(from.slice(from.lastIndexOf(':') + 1));
  return Number.isInteger(port) && port > 0 && port < ports ? port : 0;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

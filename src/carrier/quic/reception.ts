/**
 * The packets that come for one connection, and which of them the peer has sent: the engine is silent about those that nobody
 * could open, and anybody can send such.
 */
import type { Paths } from './paths.ts';
import type { Remote } from './port.ts';
import type { NativeConnection } from './quiche.ts';

const LONG_HEADER = 0x80;

export class Reception {
  /** A packet with the keys of the finished handshake has come. */
  confirmed = false;
  /** Of all packets that the engine took, whoever sent them. */
  bytes = 0;
  readonly #native: NativeConnection;
  readonly #paths: Paths;
  /** Packets that could be opened, when that was looked at last. */
  #opened = 0;
  #came = false;

  constructor(native: NativeConnection, paths: Paths) {
    this.#native = native;
    this.#paths = paths;
  }

  /** @param established the handshake is over at this end @returns false when the engine wants none of it */
  take(packet: Buffer, remote: Remote, established: boolean): boolean {
    const proof = established && !this.confirmed && ((packet[0] ?? 0) & LONG_HEADER) === 0;
    // To ask the engine costs: once a turn, and here only where this one packet decides something.
    const decides = proof || !this.#paths.has(remote);
    const before = decides ? this.#count() : 0;
    try {
      this.#native.recv(packet, remote.info);
    } catch {
      return false;
    }
    this.#came = true;
    this.bytes += packet.length;
    if (!decides || this.#count() === before) return true;
    this.confirmed ||= proof;
    this.#paths.add(remote);
    return true;
  }

  /** Has the peer been heard of since the last time? */
  news(): boolean {
    if (!this.#came) return false;
    this.#came = false;
    const before = this.#opened;
    this.#opened = this.#count();
    return this.#opened > before;
  }

  #count(): number {
    return this.#native.stats().recv;
  }
}

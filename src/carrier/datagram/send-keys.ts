/**
 * Which key the next packet is sealed with. Pure: is told of the time and of what was heard.
 *
 *     install(e) ─► waiting ──(peer heard in e, or half the grace)──► in use ─► next generation ─► …
 *
 * Within an epoch this end goes to the next generation by itself, for the peer can always follow by one step; it does so
 * only when the peer is known to have come as far as this one. A new epoch's secret, which both ends are given at about
 * the same time, is used once the peer has shown that it has it.
 */
import type { Role } from '../resume/proof.ts';
import { KeyChain } from './keys.ts';
import type { DatagramLimits } from './limits.ts';
import { maxGeneration } from './packet.ts';

export interface PacketKey {
  readonly epoch: number;
  readonly generation: number;
  readonly key: Buffer;
}

interface Row extends PacketKey {
  readonly chain: KeyChain;
}

export class SendKeys {
  readonly #sessionId: Buffer;
  readonly #role: Role;
  readonly #limits: DatagramLimits;
  #row: Row | undefined;
  #waiting: Row | undefined;
  #waitUntil = Infinity;
  #since = 0;
  #packets = 0;
  #confirmed = false;
  /** Times that a sending key was replaced by the next generation. */
  rekeys = 0;

  constructor(sessionId: Buffer, role: Role, limits: DatagramLimits) {
    this.#sessionId = sessionId;
    this.#role = role;
    this.#limits = limits;
  }

  /** For datagrams, and for answers. */
  get current(): PacketKey {
    if (this.#row === undefined) throw new Error('no epoch was installed');
    return this.#row;
  }

  /** Of a newer epoch, of which the peer has not shown yet that it has it. */
  get waiting(): PacketKey | undefined {
    return this.#waiting;
  }

  install(epoch: number, secret: Buffer, now: number): void {
    const chain = new KeyChain(secret, { sessionId: this.#sessionId, epoch, sender: this.#role });
    const row: Row = { epoch, generation: 0, key: chain.next(), chain };
    if (this.#row === undefined) {
      this.#use(row, now);
      return;
    }
    erase(this.#waiting);
    this.#waiting = row;
    this.#waitUntil = now + this.#limits.graceMs / 2;
  }

  /** An authenticated packet came in that epoch. */
  heard(epoch: number, now: number): void {
    if (this.#waiting?.epoch === epoch) this.#useWaiting(now);
  }

  /** The peer answered a packet that was sealed with this. */
  confirmed(epoch: number, generation: number): void {
    if (this.#row?.epoch === epoch && this.#row.generation === generation) this.#confirmed = true;
  }

  /** A packet was sealed with the current key. */
  used(): void {
    this.#packets += 1;
  }

  /** To be called often; replaces what is due. */
  tick(now: number): void {
    if (now >= this.#waitUntil) this.#useWaiting(now);
    const row = this.#row;
    if (row === undefined || !this.#confirmed || row.generation === maxGeneration) return;
    // A clock that went back must not keep a key in use.
    const age = Math.abs(now - this.#since);
    if (this.#packets < this.#limits.rekeyPackets && (age < this.#limits.rekeyMs || this.#packets === 0)) return;
    this.#use({ ...row, generation: row.generation + 1, key: row.chain.next() }, now);
    this.rekeys += 1;
  }

  erase(): void {
    erase(this.#row);
    erase(this.#waiting);
    this.#waiting = undefined;
  }

  #useWaiting(now: number): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#waitUntil = Infinity;
    if (waiting === undefined) return;
    this.#row?.chain.erase();
    this.#use(waiting, now);
  }

  #use(row: Row, now: number): void {
    this.#row?.key.fill(0);
    this.#row = row;
    this.#since = now;
    this.#packets = 0;
    this.#confirmed = false;
  }
}

function erase(row: Row | undefined): void {
  row?.key.fill(0);
  row?.chain.erase();
}

/**
 * The streams of a session by id, their ids, and how many there may be.
 *
 * The end that dialed opens odd ids, the other even ones. A stream of ours is opened on the wire when fewer than a backlog
 * of earlier ones wait for their acknowledgement, else it waits its turn: a burst of opens is never refused by the peer.
 */
import { WormholeError } from '../../lib/errors.ts';
import { NumberMap } from '../../lib/number-map.ts';
import { maxUint32 } from './frame.ts';
import type { MuxLimits } from './limits.ts';
import type { MuxStream } from './stream.ts';

export class StreamTable {
  readonly #limits: MuxLimits;
  readonly #streams = new NumberMap<MuxStream>();
  /** Ours that were opened here and have to wait for their turn, oldest first. */
  readonly #waiting = new Set<MuxStream>();
  /** Ours whose turn it was at once. */
  #started: MuxStream[] = [];
  readonly #parity: number;
  #nextId: number;
  #lastRemote = 0;
  #local = 0;
  #remote = 0;
  /** Of ours, not acknowledged; of the peer's, not accepted. */
  #unacknowledged = 0;
  #unaccepted = 0;

  constructor(limits: MuxLimits, dialed: boolean) {
    this.#limits = limits;
    this.#parity = dialed ? 1 : 0;
    this.#nextId = dialed ? 1 : 2;
  }

  /** Streams that are not over. */
  get size(): number {
    return this.#local + this.#remote;
  }

  get(id: number): MuxStream | undefined {
    return this.#streams.get(id);
  }

  /** True when no such stream was ever opened. */
  isFuture(id: number): boolean {
    return (id & 1) === this.#parity ? id >= this.#nextId : id > this.#lastRemote;
  }

  /** Every stream there is, the waiting ones too. */
  all(): MuxStream[] {
    return [...this.#streams.values(), ...this.#waiting];
  }

  /** @throws {WormholeError} WH_ERR_LIMIT when there are too many */
  addLocal(stream: MuxStream): void {
    const { maxLocalStreams } = this.#limits;
    if (this.#local >= maxLocalStreams) {
      throw new WormholeError('WH_ERR_LIMIT', `there are ${maxLocalStreams} streams to this peer already`);
    }
    this.#local += 1;
    if (this.#waiting.size === 0 && this.#room) this.#start(stream);
    else this.#waiting.add(stream);
  }

  get #room(): boolean {
    return this.#unacknowledged < this.#limits.backlog && this.#nextId <= maxUint32;
  }

  #start(stream: MuxStream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#unacknowledged += 1;
    this.#streams.set(stream.id, stream);
    this.#started.push(stream);
  }

  /** Gives ids to those whose turn it is. @returns them, in the order of their ids */
  startable(): MuxStream[] {
    for (const stream of this.#waiting) {
      if (!this.#room) break;
      this.#waiting.delete(stream);
      this.#start(stream);
    }
    const started = this.#started;
    if (started.length > 0) this.#started = [];
    return started;
  }

  /** Why a stream that the peer opens breaks the protocol. */
  wrongSyn(id: number): string | undefined {
    if ((id & 1) === this.#parity) return 'opened a stream with an id of ours';
    if (this.#streams.has(id)) return 'opened a stream twice';
    return undefined;
  }

  /** The peer opened it, whatever became of it: later frames for it are no surprise. */
  use(id: number): void {
    // Ids may come out of order: hashicorp/yamux takes the number first and the lock on its socket afterwards.
    this.#lastRemote = Math.max(this.#lastRemote, id);
  }

  /** @returns undefined when there are too many */
  addRemote(id: number, make: () => MuxStream): MuxStream | undefined {
    if (this.#remote >= this.#limits.maxRemoteStreams || this.#unaccepted >= this.#limits.backlog) return undefined;
    const stream = make();
    stream.id = id;
    this.#remote += 1;
    this.#unaccepted += 1;
    this.#streams.set(id, stream);
    return stream;
  }

  /** The peer acknowledged it, or our user accepted it. */
  settle(stream: MuxStream): void {
    if (!stream.pending || stream.id === 0) return;
    stream.pending = false;
    if (stream.local) this.#unacknowledged -= 1;
    else this.#unaccepted -= 1;
  }

  remove(stream: MuxStream): void {
    this.settle(stream);
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (stream.local) this.#local -= 1;
    else this.#remote -= 1;
  }
}

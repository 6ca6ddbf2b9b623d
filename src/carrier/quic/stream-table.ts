/**
 * The streams of one connection by id: those we open, those of the peer, which are told to whoever takes them, and what
 * each of them waits for.
 *
 *   ids (RFC 9000, 2.1):  0, 4, 8, … opened by the client   1, 5, 9, … by the server
 */
import type { QuicConnection } from './engine.ts';
import type { NativeConnection } from './quiche.ts';
import { QuicheStream, type StreamOwner } from './stream.ts';
import { Unread } from './unread.ts';

/** The connection, as its streams need it. */
export interface StreamConnection extends QuicConnection {
  readonly native: NativeConnection;
  touch(): void;
}

export class StreamTable implements StreamOwner {
  readonly #connection: StreamConnection;
  readonly #streams = new Map<number, QuicheStream>();
  /** Own ones that the engine does not know of yet, because nothing was written to them. */
  readonly #unheard = new Set<QuicheStream>();
  readonly #unread = new Unread();
  readonly #blocked = new Set<QuicheStream>();
  readonly #finishing = new Set<QuicheStream>();
  readonly #peersBit: number;
  /** Ids of the peer below the highest that came, which have not come yet; as many as it may open. */
  readonly #skipped = new Set<number>();
  /** Own ones that were given up before the engine knew of them. */
  readonly #unused: number[] = [];
  #nextOwn: number;
  /** Own ones that the peer's limit has counted: those up to the highest that was begun. */
  #counted = 0;
  #nextPeer: number;
  #take: ((stream: QuicheStream) => void) | undefined;
  #waiting: QuicheStream[] = [];

  constructor(connection: StreamConnection, isServer: boolean) {
    this.#connection = connection;
    this.#nextOwn = isServer ? 1 : 0;
    this.#peersBit = isServer ? 0 : 1;
    this.#nextPeer = this.#peersBit;
  }

  /** Undefined while the peer allows no more. */
  open(): QuicheStream | undefined {
    const id = this.#unused.pop() ?? this.#nextId();
    if (id === undefined) return undefined;
    const stream = new QuicheStream(id, false, this.#connection, this);
    this.#streams.set(stream.id, stream);
    this.#unheard.add(stream);
    return stream;
  }

  onOpened(take: (stream: QuicheStream) => void): void {
    this.#take = take;
    for (const stream of this.#waiting.splice(0)) take(stream);
  }

  get count(): number {
    return this.#streams.size;
  }

  all(): QuicheStream[] {
    return [...this.#streams.values()];
  }

  /** Tells streams what is new. @param mayWrite there may be room where there was none @param received bytes, from the beginning */
  settle(mayWrite: boolean, received: number): void {
    for (const id of this.native.readable()) {
      const stream = this.#find(id);
      if (stream?.readable() === true) this.#unread.left(stream);
    }
    this.#unread.look(received);
    if (mayWrite) this.#tellBlocked();
    // Last: between an end and its packet nothing may arrive (see `stream.ts`).
    for (const stream of this.#finishing) if (stream.sendEnd()) this.#finishing.delete(stream);
  }

  #tellBlocked(): void {
    // Those that wait again do not get a second turn.
    const blocked = [...this.#blocked];
    for (const stream of blocked) {
      if (!stream.room) continue;
      this.#blocked.delete(stream);
      stream.writable();
    }
  }

  // --- of the streams --------------------------------------------------------------------------------------------

  get native(): NativeConnection {
    return this.#connection.native;
  }

  touch(): void {
    this.#connection.touch();
  }

  begins(stream: QuicheStream): void {
    this.#unheard.delete(stream);
    this.#counted = Math.max(this.#counted, (stream.id >> 2) + 1);
  }

  finishes(stream: QuicheStream): void {
    this.#finishing.add(stream);
    this.touch();
  }

  waits(stream: QuicheStream): void {
    // At the end of the row: whoever waits gets a turn.
    this.#blocked.delete(stream);
    this.#blocked.add(stream);
  }

  drained(stream: QuicheStream): void {
    this.#unread.drained(stream);
  }

  get received(): number {
    return this.#unread.received;
  }

  forget(stream: QuicheStream): void {
    this.#unread.drained(stream);
    for (const set of [this.#blocked, this.#finishing]) set.delete(stream);
    // The peer never hears of such a stream, so it would never give back what its id took of the limit.
    if (this.#unheard.delete(stream)) this.#unused.push(stream.id);
    this.#streams.delete(stream.id);
  }

  // ---------------------------------------------------------------------------------------------------------------

  #nextId(): number | undefined {
    const id = this.#nextOwn;
    if (id >> 2 >= this.#counted + this.native.peerStreamsLeftBidi()) return undefined;
    this.#nextOwn += 4;
    return id;
  }

  /** Undefined for a stream that is over. */
  #find(id: number): QuicheStream | undefined {
    const known = this.#streams.get(id);
    if (known !== undefined || (id & 1) !== this.#peersBit || !this.#isNew(id)) return known;
    const stream = new QuicheStream(id, true, this.#connection, this);
    this.#streams.set(id, stream);
    if (this.#take === undefined) this.#waiting.push(stream);
    else this.#take(stream);
    return stream;
  }

  #isNew(id: number): boolean {
    if (id < this.#nextPeer) return this.#skipped.delete(id);
    for (let skipped = this.#nextPeer; skipped < id; skipped += 4) this.#skipped.add(skipped);
    this.#nextPeer = id + 4;
    return true;
  }
}

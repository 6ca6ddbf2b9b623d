/**
 * One stream of a quiche connection.
 *
 *   reading:  open ─ end read ─► over        writing:  open ─ fin ─► over
 *               └── abort, or reset by the peer: both over
 *
 * quiche forgets a stream when both directions are over, and so does the connection. It does so too early: a stream whose
 * end was read is forgotten as soon as all its bytes are acknowledged, whether or not the end that follows them has
 * arrived, or was sent at all. Two remedies: an end is handed over right before packets are made, so that it leaves at
 * once, and who can, sends it with bytes (`fin(last)`), which are acknowledged together with it.
 */
import { WormholeError } from '../../lib/errors.ts';
import { type Held, streamCost, uncounted } from '../memory.ts';
import { defaultTransport } from './config.ts';
import type { QuicStream, QuicStreamUser } from './engine.ts';
import type { NativeConnection } from './quiche.ts';

const NOTHING = Buffer.alloc(0);

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly native: NativeConnection;
  /** Packets may have to be sent. */
  touch(): void;
  /** The engine hears of this stream. */
  begins(stream: QuicheStream): void;
  /** This stream wants to send its end. */
  finishes(stream: QuicheStream): void;
  /** This stream waits for room. */
  waits(stream: QuicheStream): void;
  /** All that came on this stream was read. */
  drained(stream: QuicheStream): void;
  /** Bytes that the connection has received, as of its last look. */
  readonly received: number;
  forget(stream: QuicheStream): void;
}

export class QuicheStream implements QuicStream {
  readonly id: number;
  readonly connection: QuicStream['connection'];
  readonly #owner: StreamOwner;
  #user: QuicStreamUser | undefined;
  #known: boolean;
  #readOver = false;
  #writeOver = false;
  /** The end is to be sent, with these bytes before it. */
  #last: Uint8Array | undefined;
  #ended = false;
  #broken: WormholeError | undefined;
  /** Told `onReadable`, and nothing was read since. */
  #told = false;
  /** Where it is counted what it holds in memory. */
  held: Held = uncounted;
  /** Bytes that the connection had received when all of this stream was read; undefined while that is so, as far as is known. */
  emptyAt: number | undefined;
  #lastEmptyAt: number;
  /** Bytes that its user has read. */
  #taken = 0;
  #attached = false;

  /** @param known the engine has it; else it will with the first byte */
  constructor(id: number, known: boolean, connection: QuicStream['connection'], owner: StreamOwner) {
    this.id = id;
    this.#known = known;
    this.connection = connection;
    this.#owner = owner;
    this.#lastEmptyAt = owner.received;
    this.emptyAt = this.#lastEmptyAt;
  }

  get ended(): boolean {
    return this.#ended;
  }

  attach(user: QuicStreamUser, held: Held = uncounted): void {
    this.#user = user;
    this.held = held;
    this.#attached = true;
    held.add(streamCost);
    if (this.#broken !== undefined) queueMicrotask(() => user.onBroken(this.#broken as WormholeError));
    else this.#owner.touch();
  }

  read(into: Uint8Array): number {
    this.#told = false;
    if (this.#readOver || !this.#known) return 0;
    let answer: [number, boolean] | null;
    try {
      answer = this.#owner.native.streamRecv(this.id, into);
    } catch (error) {
      this.break(broken(error, 'the peer reset the stream'));
      return 0;
    }
    if (answer === null) {
      this.#lastEmptyAt = this.#owner.received;
      this.emptyAt = undefined;
      this.#owner.drained(this);
      return 0;
    }
    const [count, end] = answer;
    this.#taken += count;
    this.emptyAt = this.#lastEmptyAt;
    if (end) this.#owner.drained(this);
    // The window that was read out may be news to the peer.
    this.#owner.touch();
    if (end) {
      this.#ended = true;
      this.#readOver = true;
      this.#forgetWhenOver();
    }
    return count;
  }

  write(bytes: Uint8Array): number {
    if (this.#writeOver || this.#last !== undefined || bytes.length === 0) return 0;
    const taken = Math.max(0, this.#send(bytes, false));
    if (taken < bytes.length && !this.#writeOver) this.#owner.waits(this);
    return taken;
  }

  fin(last: Uint8Array = NOTHING): void {
    if (this.#writeOver || this.#last !== undefined) return;
    this.#last = last;
    this.#owner.finishes(this);
  }

  abort(code: number): void {
    // An end that was asked for is an end.
    if (this.#readOver && (this.#writeOver || this.#last !== undefined)) return;
    const { native } = this.#owner;
    if (!this.#readOver && this.#known) this.#giveBackWindow();
    if (!this.#readOver) attempt(() => native.streamShutdown(this.id, 0, code));
    if (!this.#writeOver) {
      // A stream that the peer has not heard of has nothing that could be reset.
      attempt(() => native.streamShutdown(this.id, 1, code));
    }
    this.#readOver = true;
    this.#writeOver = true;
    this.#owner.touch();
    this.#forgetWhenOver();
  }

  // --- of the connection -----------------------------------------------------------------------------------------

  /** quiche has something to read. It says so again and again; the user is told once. @returns true when it was, and does not read */
  readable(): boolean {
    if (this.#user === undefined || this.#readOver) return false;
    if (this.#told) return true;
    this.#told = true;
    this.#user.onReadable();
    return false;
  }

  /** Bytes that the peer may have sent ahead of the reader: the window doubles at most with each half of it that is read. */
  get window(): number {
    const { firstWindow, streamWindow } = defaultTransport;
    return Math.min(streamWindow, firstWindow + 2 * this.#taken);
  }

  /** Is there room, or a reason to look? To try without room makes the engine complain to the peer, each time. */
  get room(): boolean {
    if (!this.#known) return true;
    try {
      return this.#owner.native.streamCapacity(this.id) > 0;
    } catch {
      return true;
    }
  }

  writable(): void {
    if (!this.#writeOver) this.#user?.onWritable();
  }

  /** Hands the end over. @returns false when there is no room for it */
  sendEnd(): boolean {
    const last = this.#last;
    if (this.#writeOver || last === undefined) return true;
    if (last.length > 0 && !this.room) return false;
    if (this.#send(last, true) < last.length) return this.#writeOver;
    this.#writeOver = true;
    this.#forgetWhenOver();
    return true;
  }

  /** The stream, or its connection, is over before its time. */
  break(reason: WormholeError): void {
    if (this.#broken !== undefined || (this.#readOver && this.#writeOver)) return;
    // An end that was asked for will not be sent any more.
    this.#last = undefined;
    this.abort(0);
    this.#broken = reason;
    this.#user?.onBroken(reason);
  }

  /** @returns bytes that were taken, -1 = nothing, not even the end */
  #send(bytes: Uint8Array, fin: boolean): number {
    this.#owner.touch();
    try {
      const taken = this.#owner.native.streamSend(this.id, bytes, fin);
      // The engine takes up a stream also when it has no room for its bytes. Of one that the peer wanted no more of and that
      // was read to its end, it has forgotten all.
      if (taken === null) this.#owner.native.streamCapacity(this.id);
      this.#nowKnown();
      return taken ?? -1;
    } catch (error) {
      this.break(broken(error, 'the peer reads no more of the stream'));
      return -1;
    }
  }

  #nowKnown(): void {
    if (this.#known) return;
    this.#known = true;
    this.#owner.begins(this);
  }

  /** What arrived and is not read any more would count against the connection's window for ever. */
  #giveBackWindow(): void {
    const waste = Buffer.allocUnsafe(64 << 10);
    attempt(() => {
      for (let answer = this.#owner.native.streamRecv(this.id, waste); answer !== null && !answer[1]; ) {
        answer = this.#owner.native.streamRecv(this.id, waste);
      }
    });
  }

  #forgetWhenOver(): void {
    if (!this.#readOver || !this.#writeOver) return;
    if (this.#attached) this.held.add(-streamCost);
    this.#attached = false;
    this.#owner.forget(this);
  }
}

function broken(cause: unknown, what: string): WormholeError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new WormholeError('WH_ERR_ABORTED', `${what} (${text})`);
}

/** quiche throws when there is nothing to do. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Over already, which is what was wanted.
  }
}

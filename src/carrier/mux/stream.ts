/**
 * One stream of a session: two directions of bytes, each with its own end.
 *
 *     write ─► sending queue ─(peer's window)─► frames          end() ─► FIN     reset() ─► RST, both directions
 *     read  ◄─ received queue ◄─(our window)── frames           FIN ─► `ended` once all was read
 *
 * Owns what waits in either direction and says when there is something to send; the session decides whose turn it is. Has no
 * timer. Over when both directions have ended and all was read, or at a reset.
 */
import type { ByteStream, ByteStreamUser } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { ByteQueue, smallSlice } from '../byte-queue.ts';
import { Arrivals } from './arrivals.ts';
import { Flag, FrameType, initialWindow, maxUint32 } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { StreamHost } from './stream-host.ts';

export class MuxStream implements ByteStream {
  /** On the wire; 0 while it waits for its turn to be opened. */
  id = 0;
  readonly local: boolean;
  /** The next in the row of those that have something to send. */
  next: MuxStream | undefined;
  /** In that row, and in the row of those that owe a grant. */
  queued = false;
  granting = false;
  /** Counted among those that the other end (local) or our user (not local) has not accepted. */
  pending = true;

  readonly #host: StreamHost;
  readonly #window: ReceiveWindow;
  readonly #sending: ByteQueue;
  readonly #received: Arrivals;
  #user: ByteStreamUser | undefined;
  /** Flags that the next frame must carry. */
  #flags: number;
  #sendWindow = initialWindow;
  #full = false;
  #ending = false;
  #finSent = false;
  #finReceived = false;
  #closed = false;
  #error: WormholeError | undefined;

  constructor(host: StreamHost, window: ReceiveWindow, local: boolean) {
    this.#host = host;
    this.#window = window;
    this.#sending = new ByteQueue(host.memory);
    this.#received = new Arrivals(host.memory);
    this.local = local;
    this.#flags = local ? Flag.syn : 0;
  }

  /** Everything came and was read; nothing more will be. */
  get ended(): boolean {
    return this.#finReceived && this.#received.bytes === 0;
  }
  /** After `end`: all that was written, and the end, has been handed to the pipe. */
  get endSent(): boolean {
    return this.#finSent;
  }
  get closed(): boolean {
    return this.#closed;
  }
  /** Bytes that wait to be read and to be sent. */
  get waiting(): { readonly received: number; readonly sending: number } {
    return { received: this.#received.bytes, sending: this.#sending.bytes };
  }

  /** Names who hears of this stream from now on. What happened before is told now. */
  attach(user: ByteStreamUser): void {
    this.#user = user;
    if (this.#received.bytes > 0 || this.#finReceived) user.onReadable();
    if (this.#closed) user.onClose(this.#error);
  }

  /** Tells the peer that its stream is served; until then it counts as backlog. Reading and writing do not imply it. */
  accept(): void {
    if (this.local || !this.pending || this.#closed) return;
    this.#flags |= Flag.ack;
    this.#host.accepted(this);
    this.#offer();
  }

  /** The next bytes that came, as one slice; undefined when there are none now (then see `ended`). */
  read(): Buffer | undefined {
    return this.#took(this.#received.read());
  }

  /** As {@link read}; the slice may be volatile: good until the caller returns. */
  readNow(): Buffer | undefined {
    return this.#took(this.#received.readNow());
  }

  /**
   * Sends bytes, which are not copied, unless they are said to change afterwards. Nothing is sent on a stream that is over.
   * @returns false when enough is waiting: `onWritable` follows
   */
  write(bytes: Buffer, changes = false): boolean {
    if (this.#ending) throw new WormholeError('WH_ERR_INTERNAL', 'bytes were written to a stream after its end');
    if (this.#closed) return false;
    this.#sending.push(bytes, changes);
    this.#offer();
    return this.#roomLeft();
  }

  /** As {@link write}, of bytes that change when it has returned: what cannot leave at once is copied. */
  writeNow(bytes: Buffer): boolean {
    // Small ones wait for others that may go with them.
    if (bytes.length < smallSlice) return this.write(bytes, true);
    this.write(bytes);
    if (this.#closed) return false;
    this.#host.flush();
    this.#sending.settle();
    return this.#roomLeft();
  }

  /** Nothing more will be written. */
  end(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#offer();
  }

  /** Ends both directions now, for both ends; what waits is lost. */
  reset(): void {
    if (this.#closed) return; // as mostly: whoever is done calls this, and to make an error takes long
    const known = this.id !== 0 && (this.#flags & Flag.syn) === 0;
    this.fail(new WormholeError('WH_ERR_ABORTED', 'the stream was reset by this end'), known);
  }

  // What follows is for the session.

  /** True when a frame could leave now. */
  get sendable(): boolean {
    if (this.#closed || this.id === 0) return false;
    if (this.#flags !== 0) return true;
    if (this.#sending.bytes > 0) return this.#sendWindow > 0;
    return this.#ending && !this.#finSent;
  }

  /**
   * Puts what may leave now into `out`: data, and the end of it.
   * FIN never travels on a frame with data, although it may: both @chainsafe/libp2p-yamux 7 and hashicorp/yamux act on
   * it before they have stored the data, and can lose it.
   */
  emit(out: Outbox, quantum: number): void {
    const count = Math.min(this.#sending.bytes, this.#sendWindow, quantum);
    if (count > 0) {
      out.frame(FrameType.data, this.#flags, this.id, count);
      out.payload(this.#sending, count);
      this.#flags = 0;
      this.#sendWindow -= count;
    }
    const fin = this.#ending && !this.#finSent && this.#sending.bytes === 0;
    const flags = this.#flags | (fin ? Flag.fin : 0);
    if (flags !== 0) out.frame(FrameType.windowUpdate, flags, this.id, 0);
    this.#flags = 0;
    if (fin) this.#finSent = true;
  }

  /** After an `emit`, when the write is done: the user may write again. */
  sent(): void {
    if (this.#closed) return;
    const room = this.#full && this.#sending.bytes * 2 <= this.#host.sendQueue();
    if (room) this.#full = false;
    if (room || this.#finSent) this.#user?.onWritable();
    if (this.#finSent) this.#maybeOver();
  }

  /** Puts the grant that is due into `out`. */
  emitGrant(out: Outbox, now: number, rtt: number | undefined): void {
    if (this.#closed || this.#finReceived) return;
    out.frame(FrameType.windowUpdate, this.#flags, this.id, this.#window.grant(now, rtt));
    this.#flags = 0;
  }

  /** @returns what the peer did wrong, if anything */
  credit(count: number): string | undefined {
    this.#sendWindow += count;
    if (this.#sendWindow > maxUint32) return 'granted more than 4 GiB of window';
    if (this.#sending.bytes > 0) this.#offer();
    return undefined;
  }

  /** A data frame begins. */
  expect(count: number): string | undefined {
    if (count > 0 && this.#finReceived) return 'sent data after the end of a stream';
    return this.#window.spend(count) ? undefined : 'sent more than its window';
  }

  receive(slice: Buffer): void {
    if (this.#closed) return;
    this.#received.receive(slice, () => this.#user?.onReadable());
    if (this.#closed) this.#received.clear();
    else if (this.#received.bytes > 0) this.#host.holding(this);
  }

  peerEnded(): string | undefined {
    if (this.#finReceived) return 'ended a stream twice';
    this.#finReceived = true;
    this.#user?.onReadable();
    this.#maybeOver();
    return undefined;
  }

  /** Over with an error; `tell` the peer. */
  fail(error: WormholeError, tell: boolean): void {
    if (this.#closed) return;
    this.#error = error;
    this.#received.clear();
    this.#sending.clear();
    this.#close(tell);
  }

  /** The session is over. What came whole, and was answered whole, can still be read. */
  cut(error: WormholeError): void {
    if (!this.#finSent || !this.#finReceived) this.fail(error, false);
  }

  #took(slice: Buffer | undefined): Buffer | undefined {
    if (slice === undefined) return undefined;
    if (this.#finReceived) this.#maybeOver();
    else if (this.#window.took(slice.length)) this.#host.grantDue(this);
    return slice;
  }

  #maybeOver(): void {
    if (!this.#closed && this.#finSent && this.ended) this.#close(false);
  }

  #close(tell: boolean): void {
    this.#closed = true;
    this.#window.release();
    this.#host.over(this, tell ? Flag.rst | (this.#flags & Flag.ack) : 0);
    this.#user?.onClose(this.#error);
  }

  #roomLeft(): boolean {
    this.#full = this.#sending.bytes >= this.#host.sendQueue();
    if (this.#full) this.#host.holding(this);
    return !this.#full;
  }

  #offer(): void {
    if (!this.queued && this.sendable) this.#host.ready(this);
  }
}

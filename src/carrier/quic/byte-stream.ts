/**
 * A QUIC stream as links know streams: pulled and pushed, with its back-pressure and half-close, and no Node.js stream on top.
 *
 * Framed as between our own ends (`framing.ts`): the peer hears of the stream before there is data, and an end is told from a loss.
 * Bytes that the engine has no room for wait here, and whoever writes is told to stop.
 */
import type { ByteStream, ByteStreamUser } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { declareVolatile } from '../../lib/volatile.ts';
import { ByteQueue, smallSlice } from '../byte-queue.ts';
import { type Held, uncounted } from '../memory.ts';
import type { QuicStream, QuicStreamUser } from './engine.ts';
import { LAST, VERSION } from './framing.ts';

/** Bytes that may wait for room before a writer is told to stop. */
const sendQueue = 128 * 1024;

/** What is read is here until the next read. */
const area = Buffer.allocUnsafeSlow(128 * 1024);
declareVolatile(area.buffer);

export class QuicByteStream implements ByteStream, QuicStreamUser {
  readonly #stream: QuicStream;
  readonly #waiting: ByteQueue;
  #user: ByteStreamUser | undefined;
  #versionWanted: boolean;
  #full = false;
  #ending = false;
  #endSent = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;

  /** @param stream taken over @param opened by this end @param held told what it holds */
  constructor(stream: QuicStream, opened: boolean, held: Held = uncounted) {
    this.#stream = stream;
    this.#waiting = new ByteQueue(held);
    this.#versionWanted = !opened;
    stream.attach(this, held);
    if (opened) this.write(VERSION);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get endSent(): boolean {
    return this.#endSent;
  }

  get closed(): boolean {
    return this.#closed;
  }

  attach(user: ByteStreamUser): void {
    this.#user = user;
    if (this.#closed) user.onClose(this.#error);
    else user.onReadable();
  }

  read(): Buffer | undefined {
    const slice = this.readNow();
    return slice === undefined ? undefined : Buffer.from(slice);
  }

  readNow(): Buffer | undefined {
    while (!this.#ended && !this.#closed) {
      const count = this.#stream.read(area);
      const { ended } = this.#stream;
      if (this.#closed || (count === 0 && !ended)) return undefined;
      const start = this.#versionWanted ? 1 : 0;
      const end = count - (ended ? 1 : 0);
      if (end < start || (start === 1 && area[0] !== VERSION[0])) {
        this.#break(new WormholeError('WH_ERR_PROTOCOL', 'a stream does not begin or end as it has to'));
        return undefined;
      }
      this.#versionWanted = false;
      this.#ended = ended;
      this.#maybeOver();
      if (end > start) return area.subarray(start, end);
    }
    return undefined;
  }

  write(bytes: Buffer, changes = false): boolean {
    if (this.#ending) throw new WormholeError('WH_ERR_INTERNAL', 'bytes were written to a stream after its end');
    if (this.#closed) return false;
    this.#waiting.push(bytes, changes);
    this.#send();
    this.#full = this.#waiting.bytes >= sendQueue;
    return !this.#full && !this.#closed;
  }

  writeNow(bytes: Buffer): boolean {
    if (bytes.length < smallSlice) return this.write(bytes, true);
    const room = this.write(bytes);
    this.#waiting.settle();
    return room;
  }

  end(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#maybeEnd();
  }

  reset(): void {
    if (!this.#closed) this.#break(new WormholeError('WH_ERR_ABORTED', 'the stream was reset by this end'));
  }

  // --- of the engine ---------------------------------------------------------------------------------------------

  onReadable(): void {
    this.#user?.onReadable();
  }

  onWritable(): void {
    this.#send();
    if (this.#closed) return;
    const room = this.#full && this.#waiting.bytes * 2 <= sendQueue;
    if (room) this.#full = false;
    this.#maybeEnd();
    if (room || this.#endSent) this.#user?.onWritable();
  }

  onBroken(reason: WormholeError): void {
    this.#over(reason);
  }

  // ---------------------------------------------------------------------------------------------------------------

  #send(): void {
    let sent = 0;
    this.#waiting.each(0, (slice) => {
      const taken = this.#stream.write(slice);
      sent += taken;
      return taken === slice.length;
    });
    this.#waiting.drop(sent);
  }

  #maybeEnd(): void {
    if (!this.#ending || this.#endSent || this.#waiting.bytes > 0) return;
    this.#stream.fin(LAST);
    this.#endSent = true;
    this.#maybeOver();
  }

  #maybeOver(): void {
    if (this.#ended && this.#endSent) this.#over(undefined);
  }

  #break(reason: WormholeError): void {
    this.#stream.abort(0);
    this.#over(reason);
  }

  #over(error: WormholeError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#waiting.clear();
    this.#user?.onClose(error);
  }
}

/**
 * Datagrams of one flow on a stream of its own, where UDP is filtered: a length of two bytes, big endian, and so many bytes.
 *
 * They stay datagrams: when the stream does not take them as fast as they come, the oldest that wait give way, so that
 * nobody waits for them and what arrives is fresh. Reads whatever comes at once, so that it never fills the stream's window.
 */
import type { ByteStreamUser } from '../../lib/byte-stream.ts';
import type { WormholeError } from '../../lib/errors.ts';
import { type Held, uncounted } from '../memory.ts';
import type { MuxStream } from '../mux/stream.ts';
import { maxDatagram } from './frames.ts';

const head = 2;

/** Bytes that wait beyond what the stream itself holds; none where memory is scarce. */
const queueBytes = 256 * 1024;

export interface StreamDatagramsUser {
  /** The payload may be volatile (`lib/volatile.ts`): good until this returns. */
  onDatagram(payload: Buffer): void;
  /** The stream is over, or its peer has ended it; called once, last. */
  onOver(error?: WormholeError): void;
}

export class StreamDatagrams implements ByteStreamUser {
  readonly #stream: MuxStream;
  readonly #user: StreamDatagramsUser;
  readonly #held: Held;
  /** With their lengths, the oldest first. */
  #waiting: Buffer[] = [];
  #bytes = 0;
  #room = true;
  /** The beginning of a datagram that is not whole, in the slices it came in. */
  #partial: Buffer[] = [];
  #partialBytes = 0;
  /** Bytes of it that are worth a look: its length, or all of it. */
  #needed = head;
  #over = false;
  /** Datagrams that gave way. */
  dropped = 0;

  /** @param rest bytes of the stream that were read already @param held is told what waits */
  constructor(stream: MuxStream, rest: Buffer, user: StreamDatagramsUser, held: Held = uncounted) {
    this.#held = held;
    this.#stream = stream;
    this.#user = user;
    if (rest.length > 0) this.#take(rest);
    stream.attach(this);
  }

  /** Copies the payload. @returns false when it was not taken: too large, or the stream is over */
  send(payload: Buffer): boolean {
    if (this.#over || payload.length > maxDatagram) return false;
    const bytes = Buffer.allocUnsafe(head + payload.length);
    bytes.writeUInt16BE(payload.length, 0);
    payload.copy(bytes, head);
    if (this.#room) {
      this.#room = this.#stream.write(bytes);
      return true;
    }
    this.#waiting.push(bytes);
    this.#wait(bytes.length);
    while (this.#bytes > (this.#held.scarce ? 0 : queueBytes)) {
      this.#wait(-(this.#waiting.shift()?.length ?? this.#bytes));
      this.dropped += 1;
    }
    return true;
  }

  /** Nothing more is sent, and nothing is told any more; what waits in the stream still leaves. */
  end(): void {
    this.#finish(undefined, false);
  }

  onReadable(): void {
    for (let slice = this.#stream.read(); slice !== undefined; slice = this.#stream.read()) {
      if (!this.#over) this.#take(slice);
    }
    if (this.#stream.ended) this.#finish(undefined, true);
  }

  onWritable(): void {
    this.#room = true;
    let sent = 0;
    while (this.#room && sent < this.#waiting.length && !this.#over) {
      const bytes = this.#waiting[sent] as Buffer;
      sent += 1;
      this.#wait(-bytes.length);
      this.#room = this.#stream.write(bytes);
    }
    this.#waiting.splice(0, sent);
  }

  onClose(error?: WormholeError): void {
    this.#finish(error, true);
  }

  #take(slice: Buffer): void {
    this.#partial.push(slice);
    this.#keep(this.#partialBytes + slice.length);
    // Slices may be single bytes: they are put together once, not with each that comes.
    if (this.#partialBytes < this.#needed) return;
    let bytes = this.#partial.length === 1 ? slice : Buffer.concat(this.#partial);
    while (bytes.length >= head && !this.#over) {
      const length = bytes.readUInt16BE(0);
      if (length > maxDatagram) return this.#stream.reset();
      this.#needed = head + length;
      if (bytes.length < this.#needed) break;
      this.#needed = head;
      this.#user.onDatagram(bytes.subarray(head, head + length));
      bytes = bytes.subarray(head + length);
    }
    this.#partial = bytes.length === 0 ? [] : [bytes];
    this.#keep(bytes.length);
    if (bytes.length > 0 && this.#held.exhausted) this.#stream.reset();
  }

  #wait(bytes: number): void {
    this.#bytes += bytes;
    this.#held.add(bytes);
  }

  /** So many bytes of a datagram that is not whole. */
  #keep(bytes: number): void {
    this.#held.add(bytes - this.#partialBytes);
    this.#partialBytes = bytes;
  }

  #finish(error: WormholeError | undefined, tell: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.#partial = [];
    this.#wait(-this.#bytes);
    this.#keep(0);
    this.#stream.end();
    if (tell) this.#user.onOver(error);
  }
}

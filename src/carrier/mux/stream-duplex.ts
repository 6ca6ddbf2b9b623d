/**
 * A stream as a Node.js `Duplex`, for whatever speaks to sockets: http, TLS inside TLS, pipes.
 *
 * Keeps the stream's back-pressure in both directions and its half-close (`allowHalfOpen`); destroying it before both
 * directions have ended resets the stream, as closing a socket with unread bytes does.
 */
import { Duplex } from 'node:stream';
import type { ByteStream, ByteStreamUser, StandsOnByteStream } from '../../lib/byte-stream.ts';
import type { WormholeError } from '../../lib/errors.ts';

type Done = (error?: Error | null) => void;

/** Bytes that wait on the Node.js side, in either direction; the stream itself holds more. */
const highWaterMark = 64 * 1024;

class StreamDuplex extends Duplex implements ByteStreamUser, StandsOnByteStream {
  readonly #stream: ByteStream;
  /** Node.js asked for bytes, and there were none. */
  #wanted = false;
  #endPushed = false;
  #written: Done | undefined;
  #finished: Done | undefined;
  #released = false;

  constructor(stream: ByteStream, early: Buffer | undefined) {
    super({ allowHalfOpen: true, highWaterMark });
    this.#stream = stream;
    if (early !== undefined && early.length > 0) this.push(early);
    stream.attach(this);
  }

  release(): { readonly stream: ByteStream; readonly early: readonly Buffer[] } | undefined {
    if (this.destroyed || this.errored !== null || this.#endPushed || this.writableEnded || this.writableLength > 0)
      return undefined;
    const early: Buffer[] = [];
    for (let bytes = this.read(); bytes !== null; bytes = this.read()) early.push(bytes as Buffer);
    this.#released = true;
    this.destroy();
    return { stream: this.#stream, early };
  }

  onReadable(): void {
    if (this.#wanted) this._read();
  }

  onWritable(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
    if (!this.#stream.endSent) return;
    const finished = this.#finished;
    this.#finished = undefined;
    finished?.();
  }

  onClose(error?: WormholeError): void {
    if (error !== undefined) this.destroy(error);
  }

  override _read(): void {
    this.#wanted = true;
    while (this.#wanted && !this.#endPushed) {
      const bytes = this.#stream.read();
      if (bytes === undefined) break;
      this.#wanted = this.push(bytes);
    }
    if (!this.#stream.ended || this.#endPushed) return;
    this.#endPushed = true;
    this.push(null);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#afterWrite(this.#stream.write(bytes), done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    let room = true;
    for (const { chunk } of chunks) room = this.#stream.write(chunk);
    this.#afterWrite(room, done);
  }

  #afterWrite(room: boolean, done: Done): void {
    if (room) done();
    else this.#written = done;
  }

  override _final(done: Done): void {
    // Finished is what left: a destroy after `finish` must find nothing to lose.
    this.#finished = done;
    this.#stream.end();
    if (this.#stream.endSent) this.onWritable();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#released) this.#stream.reset();
    const waiting = [this.#written, this.#finished];
    this.#written = undefined;
    this.#finished = undefined;
    for (const tell of waiting) tell?.(error);
    done(error);
  }
}

/**
 * The stream as a Duplex, which takes it over. A stream of the peer is not accepted by this.
 *
 * @param early bytes that were read from the stream already, and come first
 */
export function streamDuplex(stream: ByteStream, early?: Buffer): Duplex {
  return new StreamDuplex(stream, early);
}

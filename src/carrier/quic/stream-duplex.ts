/**
 * A QUIC stream as a Node.js `Duplex`, with its back-pressure in both directions and its half-close.
 *
 * Destroying it before both directions have ended aborts the stream, as closing a socket with unread bytes does.
 */
import { Duplex } from 'node:stream';
import { WormholeError } from '../../lib/errors.ts';
import type { QuicStream, QuicStreamUser } from './engine.ts';
import { LAST, ownAlpn, VERSION } from './framing.ts';

type Done = (error?: Error | null) => void;

/** Bytes that wait on the Node.js side, in either direction. */
const highWaterMark = 128 * 1024;
/** Reads are cut from blocks of this size; a read has at least a quarter of it to go into. */
const blockBytes = 256 * 1024;
const leastBytes = blockBytes / 4;

class StreamDuplex extends Duplex implements QuicStreamUser {
  readonly #stream: QuicStream;
  #block = Buffer.alloc(0);
  /** Node.js asked for bytes, and there were none. */
  #wanted = false;
  #endPushed = false;
  readonly #framed: boolean;
  #versionWanted: boolean;
  #rest: readonly Uint8Array[] = [];
  #written: Done | undefined;

  constructor(stream: QuicStream, opened: boolean) {
    super({ allowHalfOpen: true, highWaterMark });
    this.#stream = stream;
    this.#framed = stream.connection.alpn === ownAlpn;
    this.#versionWanted = this.#framed && !opened;
    stream.attach(this);
    if (this.#framed && opened) this.write(VERSION);
  }

  onReadable(): void {
    if (this.#wanted) this._read();
  }

  onWritable(): void {
    const written = this.#written;
    if (written === undefined) return;
    this.#written = undefined;
    this.#send(this.#rest, written);
  }

  onBroken(reason: WormholeError): void {
    this.destroy(reason);
  }

  override _read(): void {
    this.#wanted = true;
    while (this.#wanted && !this.#endPushed) {
      if (this.#block.length < leastBytes) this.#block = Buffer.allocUnsafeSlow(blockBytes);
      const count = this.#stream.read(this.#block);
      const { ended } = this.#stream;
      if (count === 0 && !ended) break;
      const bytes = this.#unframed(this.#block.subarray(0, count), ended);
      if (bytes === undefined) {
        this.destroy(new WormholeError('WH_ERR_PROTOCOL', 'a stream does not begin or end as it has to'));
        return;
      }
      this.#block = this.#block.subarray(count);
      if (bytes.length > 0) this.#wanted = this.push(bytes);
      this.#endPushed = ended;
      if (ended) this.push(null);
    }
  }

  /** The bytes without those of the framing; undefined when these are not there. */
  #unframed(bytes: Buffer, ended: boolean): Buffer | undefined {
    if (!this.#framed) return bytes;
    const start = this.#versionWanted ? 1 : 0;
    const end = bytes.length - (ended ? 1 : 0);
    if (end < start || (start === 1 && bytes[0] !== VERSION[0])) return undefined;
    this.#versionWanted = false;
    return bytes.subarray(start, end);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([bytes], done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #send(chunks: readonly Uint8Array[], done: Done): void {
    for (const [at, chunk] of chunks.entries()) {
      const taken = this.#stream.write(chunk);
      if (this.destroyed) return done();
      if (taken === chunk.length) continue;
      this.#rest = [chunk.subarray(taken), ...chunks.slice(at + 1)];
      this.#written = done;
      return;
    }
    this.#rest = [];
    done();
  }

  override _final(done: Done): void {
    this.#stream.fin(this.#framed ? LAST : undefined);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.abort(0);
    this.#rest = [];
    const written = this.#written;
    this.#written = undefined;
    written?.(error);
    done(error);
  }
}

/** A stream that was opened here, as a Duplex, which takes it over. */
export function openedDuplex(stream: QuicStream): Duplex {
  return new StreamDuplex(stream, true);
}

/** A stream that the peer opened. */
export function acceptedDuplex(stream: QuicStream): Duplex {
  return new StreamDuplex(stream, false);
}

/**
 * A stream that the peer opened, between its head and its answer.
 */
import type { Duplex } from 'node:stream';
import type { ByteStream } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { DatagramFlow } from '../datagram/flows.ts';
import type { StreamDatagramsUser } from '../datagram/stream-datagrams.ts';
import { streamDuplex } from '../mux/stream-duplex.ts';
import { noMessage, yes } from './answer.ts';
import { frame } from './frame.ts';
import type { StreamHead } from './head.ts';

/** Written again and again, and never changed. */
const yesBytes = frame(yes);
/** Milliseconds that the peer has to read a refusal before the stream is reset under it. */
const lingerMs = 5_000;

/** Makes a flow of the stream, and of the bytes of it that were read. */
export type BeginFlow = (early: Buffer, user: StreamDatagramsUser) => DatagramFlow;

/** Answered once, by `accept` or by `refuse`. */
export class Incoming {
  readonly #head: StreamHead | undefined;
  readonly #stream: ByteStream;
  #duplex: Duplex | undefined;
  readonly #early: Buffer;
  readonly #beginFlow: BeginFlow | undefined;

  /** @param early bytes that came behind the head @param beginFlow absent = it carries no datagrams */
  constructor(stream: ByteStream, head: StreamHead | undefined, early: Buffer, beginFlow?: BeginFlow) {
    this.#beginFlow = beginFlow;
    this.#stream = stream;
    this.#head = head;
    this.#early = early;
  }

  get head(): StreamHead {
    if (this.#head === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'the stream has no head');
    return this.#head;
  }

  /** The stream before its answer: what comes can be read, an end or a reset noticed; nothing may be written yet. */
  get duplex(): Duplex {
    if (this.#duplex === undefined) {
      this.#duplex = streamDuplex(this.#stream, this.#early);
      // A peer that resets before anybody looks must not end the process.
      this.#duplex.on('error', () => {});
    }
    return this.#duplex;
  }

  /** Says yes. @returns the stream, the caller's */
  accept(): Duplex {
    const { duplex } = this;
    duplex.write(frame(yes));
    return duplex;
  }

  /** Says yes. @returns the stream, the caller's, and what came behind its head; only if {@link duplex} was never asked for */
  acceptBytes(): { readonly stream: ByteStream; readonly early: Buffer } {
    this.#stream.write(yesBytes);
    return { stream: this.#stream, early: this.#early };
  }

  /** Says yes to datagrams. */
  acceptFlow(user: StreamDatagramsUser): DatagramFlow {
    if (this.#beginFlow === undefined) throw new WormholeError('WH_ERR_INTERNAL', 'the stream carries no datagrams');
    this.#stream.write(frame(yes));
    return this.#beginFlow(this.#early, user);
  }

  /** Says no, and why; the stream is over then. */
  refuse(error: WormholeError): void {
    const { duplex } = this;
    if (duplex.destroyed) return;
    const late = setTimeout(() => duplex.destroy(), lingerMs);
    late.unref();
    duplex.once('close', () => clearTimeout(late));
    duplex.end(frame(noMessage(error)));
    // It is destroyed when both directions have ended: a peer that ended its own before is to hear this, too.
    duplex.resume();
  }
}

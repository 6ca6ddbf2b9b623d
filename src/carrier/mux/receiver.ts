/**
 * What comes into a session: the meaning of each frame, and what is refused.
 *
 * Whatever the bytes are, nothing here throws of itself: a frame that the protocol does not allow is one sentence to `onWrong`,
 * and the end of parsing. Frames for a stream that is over are ignored, because they crossed its reset on the way.
 */
import { unopened } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Flag, FrameType, GoAwayCode, knownFlags } from './frame.ts';
import { type FrameSink, Parser } from './parser.ts';
import type { MuxStream } from './stream.ts';
import type { StreamTable } from './stream-table.ts';

/** What frames do to the session as a whole. */
export interface ReceiverHost {
  readonly table: StreamTable;
  /** Bytes that any window may grow to, hence what a frame may carry. */
  readonly maxFrame: number;
  /** The peer opens a stream. @returns undefined when it was refused */
  opened(id: number): MuxStream | undefined;
  /** The stream is taken by the peer. */
  acknowledged(stream: MuxStream): void;
  ping(answer: boolean, opaque: number): void;
  /** The peer takes no more streams. */
  goAway(): void;
  /** The session must end: the peer `sentence`. */
  wrong(sentence: string): void;
  /** The session is over. @param code for the peer; absent = it knows */
  end(reason: WormholeError, code?: number): void;
}

export class Receiver implements FrameSink {
  readonly #host: ReceiverHost;
  readonly #parser = new Parser(this);
  /** Whose payload comes; undefined when nobody's. */
  #stream: MuxStream | undefined;
  #finFollows = false;

  constructor(host: ReceiverHost) {
    this.#host = host;
  }

  push(bytes: Buffer): void {
    try {
      this.#parser.push(bytes);
    } catch (cause) {
      // A fault of ours in one stream. Behind it nothing would be taken for what it is, of any, also over the next connection.
      this.stop();
      this.#host.end(new WormholeError('WH_ERR_INTERNAL', 'a fault of this end', { cause }), GoAwayCode.internalError);
      throw cause;
    }
  }

  stop(): void {
    this.#parser.stop();
  }

  onHeader(version: number, type: number, flags: number, id: number, length: number): number {
    if (version !== 0) return this.#wrong(`speaks version ${version} of yamux; we speak 0`);
    if (flags > knownFlags) return this.#wrong(`sent unknown flags 0x${flags.toString(16)}`);
    if (type === FrameType.data || type === FrameType.windowUpdate) return this.#onStream(type, flags, id, length);
    if (id !== 0) return this.#wrong(`sent a frame of type ${type} on stream ${id}`);
    if (type === FrameType.ping) return this.#onPing(flags, length);
    if (type !== FrameType.goAway) return this.#wrong(`sent a frame of unknown type ${type}`);
    if (length === GoAwayCode.normal) this.#host.goAway();
    else this.#host.end(sentAway(length));
    return 0;
  }

  onPayload(slice: Buffer, last: boolean): void {
    this.#stream?.receive(slice);
    if (last) this.#payloadEnded();
  }

  #onPing(flags: number, opaque: number): number {
    if (flags !== Flag.syn && flags !== Flag.ack) return this.#wrong('sent a ping that neither asks nor answers');
    this.#host.ping(flags === Flag.ack, opaque);
    return 0;
  }

  #onStream(type: number, flags: number, id: number, length: number): number {
    const { table } = this.#host;
    if (id === 0) return this.#wrong('sent a frame of a stream without its id');
    const fault = (flags & Flag.syn) === 0 ? this.#unopened(id) : table.wrongSyn(id);
    if (fault !== undefined) return this.#wrong(fault);
    let stream = (flags & Flag.syn) === 0 ? table.get(id) : this.#host.opened(id);
    const pending = stream?.local === true && stream.pending;
    // Whatever comes for it says that the peer has it; not every implementation says so at once. But a mere reset says no.
    const refused = pending && (flags & (Flag.rst | Flag.ack)) === Flag.rst;
    if (stream !== undefined && pending && !refused) this.#host.acknowledged(stream);
    if ((flags & Flag.rst) !== 0) {
      const why = refused ? unopened : {};
      stream?.fail(new WormholeError('WH_ERR_ABORTED', 'the stream was reset by the peer', why), false);
      stream = undefined;
    }
    if (type === FrameType.data) return this.#data(stream, flags, length);
    const wrong = stream?.credit(length) ?? ((flags & Flag.fin) === 0 ? undefined : stream?.peerEnded());
    return wrong === undefined ? 0 : this.#wrong(wrong);
  }

  #unopened(id: number): string | undefined {
    return this.#host.table.isFuture(id) ? 'sent a frame of a stream that was never opened' : undefined;
  }

  #data(stream: MuxStream | undefined, flags: number, length: number): number {
    if (length > this.#host.maxFrame) return this.#wrong(`sent a frame of ${length} bytes`);
    const wrong = stream?.expect(length);
    if (wrong !== undefined) return this.#wrong(wrong);
    this.#stream = stream;
    this.#finFollows = (flags & Flag.fin) !== 0;
    if (length === 0) this.#payloadEnded();
    return length;
  }

  #payloadEnded(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!this.#finFollows || stream === undefined || stream.closed) return;
    const wrong = stream.peerEnded();
    if (wrong !== undefined) this.#wrong(wrong);
  }

  #wrong(sentence: string): number {
    this.stop();
    this.#host.wrong(sentence);
    return -1;
  }
}

function sentAway(code: number): WormholeError {
  const why = code === GoAwayCode.protocolError ? 'we broke the protocol' : `of an error on its side (code ${code})`;
  return new WormholeError('WH_ERR_PROTOCOL', `the peer ended the connection because ${why}`);
}

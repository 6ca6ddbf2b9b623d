/**
 * A stream whose opener goes on behind its head at once: a round trip less than waiting for the yes.
 *
 * What is read begins behind the yes. After a no, or when the stream ends before either, it is the no that is read, as its user
 * puts it, and the end; what was written is lost then, and was not begun by the other end if it said no.
 */
import type { ByteStream, ByteStreamUser } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';
import { expectYes } from './answer.ts';
import { FrameReader, frame } from './frame.ts';
import { headMessage, type StreamHead } from './head.ts';

/** What is read instead of an answer. */
export type PutNo = (error: WormholeError) => Buffer;

/** @param stream that was opened for it, taken over */
export function goOnBehind(stream: ByteStream, head: StreamHead, putNo: PutNo): ByteStream {
  stream.write(frame(headMessage(head)));
  return new BehindAnswer(stream, putNo);
}

class BehindAnswer implements ByteStream, ByteStreamUser {
  readonly #stream: ByteStream;
  readonly #putNo: PutNo;
  #user: ByteStreamUser | undefined;
  /** Undefined when the answer has come. */
  #answer: FrameReader | undefined = new FrameReader();
  #early: Buffer | undefined;
  #refused = false;

  constructor(stream: ByteStream, putNo: PutNo) {
    this.#stream = stream;
    this.#putNo = putNo;
  }

  get ended(): boolean {
    return this.#early === undefined && (this.#refused || (this.#answer === undefined && this.#stream.ended));
  }

  get endSent(): boolean {
    return this.#refused || this.#stream.endSent;
  }

  get closed(): boolean {
    return this.#stream.closed;
  }

  attach(user: ByteStreamUser): void {
    this.#user = user;
    this.#stream.attach(this);
  }

  read(): Buffer | undefined {
    this.#look();
    return this.#taken() ?? (this.#goesOn() ? this.#stream.read() : undefined);
  }

  readNow(): Buffer | undefined {
    this.#look();
    return this.#taken() ?? (this.#goesOn() ? this.#stream.readNow() : undefined);
  }

  write(bytes: Buffer): boolean {
    return this.#refused || this.#stream.write(bytes);
  }

  writeNow(bytes: Buffer): boolean {
    return this.#refused || this.#stream.writeNow(bytes);
  }

  end(): void {
    if (!this.#refused) this.#stream.end();
  }

  reset(): void {
    this.#answer = undefined;
    this.#stream.reset();
  }

  onReadable(): void {
    this.#look();
    this.#user?.onReadable();
  }

  onWritable(): void {
    this.#user?.onWritable();
  }

  onClose(error?: Error): void {
    this.#look();
    if (this.#answer !== undefined) this.#refuse(error);
    // The no is still to be read.
    this.#user?.onClose(this.#refused ? undefined : error);
  }

  #goesOn(): boolean {
    return this.#answer === undefined && !this.#refused;
  }

  #taken(): Buffer | undefined {
    const early = this.#early;
    this.#early = undefined;
    return early;
  }

  /** Looks for the answer in what has come. */
  #look(): void {
    try {
      while (this.#answer !== undefined) {
        const slice = this.#stream.read();
        if (slice === undefined) break;
        this.#answer.push(slice);
        const value = this.#answer.next();
        if (value === undefined) continue;
        expectYes(value);
        const { rest } = this.#answer;
        this.#answer = undefined;
        if (rest.length > 0) this.#early = rest;
      }
      if (this.#answer !== undefined && this.#stream.ended) this.#refuse(undefined);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const silent = new WormholeError('WH_ERR_ABORTED', 'the peer ended the stream before it said anything');
    this.#early = this.#putNo(WormholeError.is(error) ? error : silent);
    this.#answer = undefined;
    this.#refused = true;
    this.#stream.reset();
    this.#user?.onReadable();
    this.#user?.onWritable();
  }
}

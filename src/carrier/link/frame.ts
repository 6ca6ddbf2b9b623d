/**
 * The small messages at the beginning of a stream: a length of two bytes, big endian, and so many bytes of JSON.
 *
 * Heads, answers and greetings are such; what follows them on the stream is the connection's own bytes.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';
import { WormholeError } from '../../lib/errors.ts';

/** Bytes of JSON in one message. */
const maxFrame = 8 * 1024;

/** @throws {WormholeError} WH_ERR_LIMIT when it is too long */
export function frame(value: object): Buffer {
  const text = JSON.stringify(value);
  const bytes = Buffer.allocUnsafe(2 + Buffer.byteLength(text));
  if (bytes.length > 2 + maxFrame) throw new WormholeError('WH_ERR_LIMIT', 'a message to the peer is too long');
  bytes.writeUInt16BE(bytes.length - 2);
  bytes.write(text, 2);
  return bytes;
}

/** Gathers slices until a message is complete; not for reuse after it threw. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** Bytes after the last message. */
  get rest(): Buffer {
    return this.#bytes;
  }

  push(slice: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? slice : Buffer.concat([this.#bytes, slice]);
  }

  /** The next message; undefined when it is not complete. @throws {WormholeError} WH_ERR_PROTOCOL */
  next(): Readonly<Record<string, unknown>> | undefined {
    if (this.#bytes.length < 2) return undefined;
    const length = this.#bytes.readUInt16BE(0);
    if (length > maxFrame) throw wrong('is too long');
    if (this.#bytes.length < 2 + length) return undefined;
    const text = this.#bytes.toString('utf8', 2, 2 + length);
    this.#bytes = this.#bytes.subarray(2 + length);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw wrong('is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('is not an object');
    return value as Readonly<Record<string, unknown>>;
  }
}

/** A message, and the bytes that came behind it. */
export interface TakenFrame {
  readonly value: Readonly<Record<string, unknown>>;
  readonly rest: Buffer;
}

/** Whom the first message of a stream is told. One of the two is called, once. */
export interface FrameTaker {
  /** The stream is attached to nobody. */
  readonly onFrame: (taken: TakenFrame) => void;
  /** The stream is the caller's to reset. @param error WH_ERR_PROTOCOL, WH_ERR_ABORTED */
  readonly onFail: (error: Error) => void;
}

/** Takes the first message off `stream`, however long that takes. @returns to be called to give it up: then nothing is told */
export function awaitFrame(stream: ByteStream, { onFrame, onFail }: FrameTaker): () => void {
  const reader = new FrameReader();
  let done = false;
  const fail = (error: Error): void => {
    if (done) return;
    done = true;
    onFail(error);
  };
  const look = (): void => {
    while (!done) {
      const value = reader.next();
      if (value !== undefined) {
        done = true;
        return onFrame({ value, rest: reader.rest });
      }
      const slice = stream.read();
      if (slice === undefined) break;
      reader.push(slice);
    }
    if (!done && stream.ended)
      fail(new WormholeError('WH_ERR_ABORTED', 'the peer ended the stream before it said anything'));
  };
  stream.attach({
    onReadable: () => {
      try {
        if (!done) look();
      } catch (error) {
        fail(error as Error);
      }
    },
    onWritable: () => {},
    onClose: (error) => fail(error ?? new WormholeError('WH_ERR_ABORTED', 'the stream is over')),
  });
  return () => {
    done = true;
  };
}

/**
 * As {@link awaitFrame}, with a limit; in most cases the message is there before a timer is worth its while.
 *
 * @param ms that it may take
 */
export function awaitFrameFor(stream: ByteStream, ms: number, { onFrame, onFail }: FrameTaker): void {
  let timer: NodeJS.Timeout | undefined;
  let done = false;
  const settle = (): void => {
    done = true;
    clearTimeout(timer);
  };
  const giveUp = awaitFrame(stream, {
    onFrame: (taken) => {
      settle();
      onFrame(taken);
    },
    onFail: (error) => {
      settle();
      onFail(error);
    },
  });
  const late = (): void => {
    giveUp();
    onFail(tooLate(ms));
  };
  queueMicrotask(() => {
    if (!done) timer = setTimeout(late, ms);
  });
}

/**
 * As {@link awaitFrame}, as a promise.
 *
 * @param ms that it may take
 * @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_TIMEOUT, WH_ERR_ABORTED; the stream is the caller's to reset
 */
export function takeFrame(stream: ByteStream, ms: number, signal?: AbortSignal): Promise<TakenFrame> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    let giveUp = (): void => {};
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: Error): void => {
      settle();
      giveUp();
      reject(error);
    };
    const aborted = (): void => fail(signal?.reason as Error);
    const late = (): void => fail(tooLate(ms));
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, ms);
    signal?.addEventListener('abort', aborted, { once: true });
    const onFrame = (taken: TakenFrame): void => {
      settle();
      resolve(taken);
    };
    giveUp = awaitFrame(stream, { onFrame, onFail: fail });
  });
}

function tooLate(ms: number): WormholeError {
  return new WormholeError('WH_ERR_TIMEOUT', `the peer said nothing within ${ms} ms`);
}

function wrong(what: string): WormholeError {
  return new WormholeError('WH_ERR_PROTOCOL', `a message of the peer ${what}`);
}

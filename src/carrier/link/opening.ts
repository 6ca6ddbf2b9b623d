/**
 * Opening a stream: the head goes there, and the answer comes back.
 */
import type { ByteStream } from '../../lib/byte-stream.ts';
import { expectYes } from './answer.ts';
import { awaitFrame, frame, type TakenFrame, takeFrame } from './frame.ts';
import { headMessage, type StreamHead } from './head.ts';

/** A stream whose answer is awaited. */
export interface Opening {
  /** Before the answer only to be reset, or written to if {@link early} says so. */
  readonly stream: ByteStream;
  /** What is written before the answer goes behind the head; after a no, the other end has begun nothing with it. */
  readonly early: boolean;
}

/** Whom the answer to a stream is told, once. */
export interface OpeningUser {
  /** @param early bytes that came behind it */
  readonly onYes: (stream: ByteStream, early: Buffer) => void;
  /** The stream is reset. @param error the peer's no in its own words, or WH_ERR_ABORTED */
  readonly onNo: (error: Error) => void;
}

/**
 * @param stream that was opened for it
 * @returns the same
 */
export function openOn(stream: ByteStream, head: StreamHead, { onYes, onNo }: OpeningUser): ByteStream {
  const onFail = (error: Error): void => {
    stream.reset();
    onNo(error);
  };
  const onFrame = ({ value, rest }: TakenFrame): void => {
    try {
      expectYes(value);
    } catch (error) {
      return onFail(error as Error);
    }
    onYes(stream, rest);
  };
  stream.write(frame(headMessage(head)));
  awaitFrame(stream, { onFrame, onFail });
  return stream;
}

/**
 * As {@link openOn}, as a promise.
 *
 * @returns the stream, and what came behind the answer
 * @throws {WormholeError} the peer's no in its own words, WH_ERR_ABORTED; or the reason of `signal`. The stream is reset then
 */
export async function askOn<S extends ByteStream>(
  stream: S,
  head: StreamHead,
  signal: AbortSignal,
): Promise<readonly [S, Buffer]> {
  try {
    stream.write(frame(headMessage(head)));
    const { value, rest } = await takeFrame(stream, Number.POSITIVE_INFINITY, signal);
    expectYes(value);
    return [stream, rest];
  } catch (error) {
    stream.reset();
    throw error;
  }
}

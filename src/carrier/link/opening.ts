/**
 * Opening a stream: the head goes there, and the answer comes back.
 */
import type { MuxSession } from '../mux/session.ts';
import type { MuxStream } from '../mux/stream.ts';
import { expectYes } from './answer.ts';
import { awaitFrame, frame, type TakenFrame, takeFrame } from './frame.ts';
import { headMessage, type StreamHead } from './head.ts';

/** Whom the answer to a stream is told, once. */
export interface OpeningUser {
  /** @param early bytes that came behind it */
  readonly onYes: (stream: MuxStream, early: Buffer) => void;
  /** The stream is reset. @param error the peer's no in its own words, or WH_ERR_ABORTED */
  readonly onNo: (error: Error) => void;
}

/**
 * @returns the stream, which may only be reset before the answer
 * @throws {WormholeError} WH_ERR_LIMIT, WH_ERR_ABORTED
 */
export function openOn(mux: MuxSession, head: StreamHead, { onYes, onNo }: OpeningUser): MuxStream {
  const stream = mux.openStream();
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

/** As {@link openOn}, as a promise. @returns the stream, the caller's, and what came behind the answer */
export async function askOn(
  mux: MuxSession,
  head: StreamHead,
  signal: AbortSignal,
): Promise<readonly [MuxStream, Buffer]> {
  signal.throwIfAborted();
  const stream = mux.openStream();
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

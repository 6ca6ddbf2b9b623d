/**
 * A session whose peer is the test, which writes and reads frames by hand.
 */
import { setImmediate } from 'node:timers/promises';
import { Flag, FrameType, writeHeader } from '../../src/carrier/mux/frame.ts';
import type { MuxLimits } from '../../src/carrier/mux/limits.ts';
import { MuxSession } from '../../src/carrier/mux/session.ts';
import type { MuxStream } from '../../src/carrier/mux/stream.ts';
import { FakeClock, FakePipe } from './fake-pipe.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly length: number;
}

export const frame = (
  type: number,
  flags: number,
  id: number,
  length: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer => {
  const header = Buffer.alloc(12);
  writeHeader(header, 0, type, flags, id, length);
  return Buffer.concat([header, payload]);
};
export const data = (id: number, payload: Buffer, flags = 0): Buffer =>
  frame(FrameType.data, flags, id, payload.length, payload);

function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 8);
    const type = bytes[at + 1] as number;
    frames.push({ type, flags: bytes.readUInt16BE(at + 2), id: bytes.readUInt32BE(at + 4), length });
    at += 12 + (type === FrameType.data ? length : 0);
  }
  return frames;
}

/** A session that was dialed, so that the test as its peer opens odd ids. */
export function world(limits: Partial<MuxLimits> = {}, dialed = false) {
  const pipe = new FakePipe();
  const clock = new FakeClock();
  const streams: MuxStream[] = [];
  const ends: (string | undefined)[] = [];
  const codes: (string | undefined)[] = [];
  const session = new MuxSession(pipe, {
    dialed,
    limits,
    clock,
    onStream: (stream) => streams.push(stream),
    onClose: (reason) => {
      ends.push(reason?.message);
      codes.push(reason?.code);
    },
  });
  const sent = async (): Promise<Frame[]> => {
    await setImmediate();
    await setImmediate();
    return framesOf(pipe.take());
  };
  return { pipe, clock, session, streams, ends, codes, sent };
}

export const syn = (id: number): Buffer => frame(FrameType.windowUpdate, Flag.syn, id, 0);

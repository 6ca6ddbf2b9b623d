import { describe, expect, test } from 'vitest';
import { data, frame, syn, world } from '../../../test/support/mux-wire.ts';
import { Flag, FrameType, GoAwayCode, initialWindow } from './frame.ts';

describe('hostile input', () => {
  test.each([
    ['another version', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), /version 1/],
    ['an unknown type', frame(9, 0, 0, 0), /unknown type 9/],
    ['unknown flags', frame(FrameType.ping, 16, 0, 0), /unknown flags 0x10/],
    ['a ping on a stream', frame(FrameType.ping, Flag.syn, 1, 0), /type 2 on stream 1/],
    ['a ping without a sense', frame(FrameType.ping, 0, 0, 0), /neither asks nor answers/],
    ['data without a stream', frame(FrameType.data, Flag.syn, 0, 0), /without its id/],
    ['a stream that was never opened', frame(FrameType.data, 0, 7, 0), /never opened/],
    ['one of our ids', syn(2), /an id of ours/],
    ['a stream opened twice', Buffer.concat([syn(1), syn(1)]), /opened a stream twice/],
    ['more than the window', frame(FrameType.data, Flag.syn, 1, initialWindow + 1), /more than its window/],
    ['a huge frame', frame(FrameType.data, Flag.syn, 1, 0xffff_ffff), /frame of 4294967295 bytes/],
    [
      'data after the end',
      Buffer.concat([syn(1), data(1, Buffer.of(1), Flag.fin), data(1, Buffer.of(1))]),
      /after the end/,
    ],
    ['too much credit', Buffer.concat([syn(1), frame(FrameType.windowUpdate, 0, 1, 0xffff_ffff)]), /more than 4 GiB/],
    [
      'the end twice',
      Buffer.concat([syn(1), frame(FrameType.windowUpdate, Flag.fin, 1, 0), frame(FrameType.data, Flag.fin, 1, 0)]),
      /ended a stream twice/,
    ],
  ])('%s ends the session with the reason, and tells the peer', async (_name, bytes, reason) => {
    const { pipe, ends, codes, sent } = world();
    pipe.feed(bytes);
    expect(ends).toEqual([expect.stringMatching(reason)]);
    expect(codes).toEqual(['WH_ERR_PROTOCOL']);
    expect((await sent()).at(-1)).toMatchObject({ type: FrameType.goAway, length: GoAwayCode.protocolError });
    expect(pipe.ended).toBe(true);
  });

  test('A22: a flood of streams that nobody accepts is reset beyond the backlog', async () => {
    const { pipe, session, streams, ends, sent } = world({ backlog: 16 });
    for (let id = 1; id < 200; id += 2) pipe.feed(syn(id));
    expect(streams.length).toBe(16);
    expect(session.streams).toBe(16);
    const resets = (await sent()).filter(({ flags }) => flags === Flag.rst);
    expect(resets.length).toBe(84);
    expect(ends).toEqual([]);
  });

  test('A22: accepted streams are limited, too, and one that is over makes room', () => {
    const { pipe, streams } = world({ maxRemoteStreams: 2 });
    for (const id of [1, 3, 5]) {
      pipe.feed(syn(id));
      streams.at(-1)?.accept();
    }
    expect(streams.map(({ id }) => id)).toEqual([1, 3]);
    streams[0]?.reset();
    pipe.feed(syn(7));
    expect(streams.map(({ id }) => id)).toEqual([1, 3, 7]);
  });

  test('A22: a peer that makes us owe answers and reads none of them is cut off', () => {
    const { pipe, ends } = world({ maxOwed: 100 });
    pipe.room = false;
    for (let count = 0; count <= 100; count += 1) pipe.feed(frame(FrameType.ping, Flag.syn, 0, count));
    expect(ends).toEqual([expect.stringMatching(/pings without reading/)]);
  });

  test('A22: single bytes that nobody reads cost their number in memory, not the buffers they came in', () => {
    const { pipe, streams } = world();
    pipe.feed(syn(1));
    const bytes = initialWindow / 4;
    for (let count = 0; count < bytes; count += 1) {
      const chunk = Buffer.alloc(4_096);
      data(1, Buffer.of(count)).copy(chunk);
      pipe.feed(chunk.subarray(0, 13));
    }
    expect(streams[0]?.waiting.received).toBe(bytes);
    let slices = 0;
    let held = 0;
    for (let slice = streams[0]?.read(); slice !== undefined; slice = streams[0]?.read()) {
      slices += 1;
      held += slice.buffer.byteLength;
    }
    expect(held).toBeLessThan(bytes * 4);
    expect(slices).toBeLessThan(20);
  });
});

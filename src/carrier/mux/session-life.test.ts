import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FakeClock, FakePipe } from '../../../test/support/fake-pipe.ts';
import { MuxSession } from './session.ts';
import type { MuxStream } from './stream.ts';

interface End {
  readonly pipe: FakePipe;
  readonly session: MuxSession;
  readonly streams: MuxStream[];
  readonly ends: (string | undefined)[];
}

/** Two sessions; `settle` carries what they wrote until nothing is left to carry. */
function world() {
  const clock = new FakeClock();
  const end = (dialed: boolean): End => {
    const pipe = new FakePipe();
    const streams: MuxStream[] = [];
    const ends: (string | undefined)[] = [];
    const session = new MuxSession(pipe, {
      dialed,
      clock,
      limits: { backlog: 8 },
      onStream: (stream) => streams.push(stream),
      onClose: (reason) => ends.push(reason?.message),
    });
    return { pipe, session, streams, ends };
  };
  const near = end(true);
  const far = end(false);
  /** @param rtt milliseconds that each round trip takes */
  const settle = async (rtt = 0): Promise<void> => {
    for (let idle = 0; idle < 3; ) {
      await setImmediate();
      const there = near.pipe.take();
      const back = far.pipe.take();
      idle = there.length + back.length === 0 ? idle + 1 : 0;
      clock.pass(rtt / 2);
      if (there.length > 0) far.pipe.feed(there);
      if (back.length > 0) near.pipe.feed(back);
      if (near.pipe.ended && !far.pipe.ended) far.pipe.user?.onEnd();
      if (far.pipe.ended && !near.pipe.ended) near.pipe.user?.onEnd();
    }
  };
  return { clock, near, far, settle };
}

function drink(stream: MuxStream | undefined): number {
  let bytes = 0;
  for (let slice = stream?.read(); slice !== undefined; slice = stream?.read()) bytes += slice.length;
  return bytes;
}

describe('ending', () => {
  test('comes with a fault of this end: what follows in the bytes is not taken for anything else', async () => {
    const { near, far, settle } = world();
    const other = near.session.openStream();
    const stream = near.session.openStream();
    other.write(Buffer.from('a'));
    stream.write(Buffer.from('b'));
    await settle();
    const [, faulty] = far.streams;
    const onReadable = (): never => {
      throw new Error('no');
    };
    drink(faulty);
    faulty?.attach({ onReadable, onWritable: () => {}, onClose: () => {} });
    stream.write(Buffer.from('c'));
    other.write(Buffer.from('d'));
    await expect(settle()).rejects.toThrow('no');
    await settle();
    expect(far.ends).toEqual(['a fault of this end']);
    expect(near.ends).toEqual([expect.stringContaining('an error on its side')]);
  });

  test('close lets streams end, refuses new ones at both ends, and then ends both without a reason', async () => {
    const { near, far, settle } = world();
    const stream = near.session.openStream();
    stream.write(Buffer.from('last'));
    await settle();
    near.session.close();
    await settle();
    expect(() => near.session.openStream()).toThrow(/no more streams/);
    expect(() => far.session.openStream()).toThrow(/no more streams/);
    expect([near.ends, far.ends]).toEqual([[], []]);
    stream.end();
    far.streams[0]?.end();
    await settle();
    expect(far.streams[0]?.read()?.toString()).toBe('last');
    await settle();
    expect([near.ends, far.ends]).toEqual([[undefined], [undefined]]);
    expect(near.pipe.ended).toBe(true);
  });

  test('a stream that crosses our GOAWAY is reset, and holds nothing up', async () => {
    const { near, far, settle } = world();
    await settle();
    const kept = near.session.openStream();
    await settle();
    near.session.close();
    const crossing = far.session.openStream();
    crossing.write(Buffer.from('x'));
    await settle();
    expect(crossing.closed).toBe(true);
    kept.reset();
    await settle();
    expect(near.ends).toEqual([undefined]);
  });

  test('the loss of the pipe ends every stream, also one that still waits to be opened', async () => {
    const { near, settle } = world();
    const streams = Array.from({ length: 20 }, () => near.session.openStream());
    await settle();
    near.pipe.user?.onClose(new Error('ECONNRESET'));
    expect(streams.every(({ closed }) => closed)).toBe(true);
    expect(near.ends).toEqual(['the connection to the peer is lost: ECONNRESET']);
    expect(near.session.streams).toBe(0);
  });
});

describe('a peer that is silent', () => {
  test('is asked, and declared dead within 5 s', async () => {
    const { clock, near, settle } = world();
    await settle();
    const asked = near.session.ping();
    clock.pass(5_000);
    expect(near.ends).toEqual(['nothing came from the peer for 4000 ms']);
    expect(near.pipe.destroyed).toBe(true);
    await expect(asked).rejects.toMatchObject({ code: 'WH_ERR_TIMEOUT' });
  });

  test('lives for ever while it answers', async () => {
    const { clock, near, far, settle } = world();
    for (let second = 0; second < 60; second += 1) {
      clock.pass(1_000);
      await settle();
    }
    expect([near.ends, far.ends]).toEqual([[], []]);
  });

  test('is not blamed for our own sleep', async () => {
    const { clock, near, settle } = world();
    await settle();
    clock.sleep(3_600_000);
    clock.pass(1_000);
    await settle();
    clock.pass(1_000);
    await settle();
    expect(near.ends).toEqual([]);
  });
});

describe('streams', () => {
  test('a burst beyond the backlog waits its turn and is never refused', async () => {
    const { near, far, settle } = world();
    const opened = Array.from({ length: 100 }, (_, count) => {
      const stream = near.session.openStream();
      stream.write(Buffer.of(count));
      stream.end();
      return stream;
    });
    for (let round = 0; round < 100; round += 1) {
      await settle();
      for (const stream of far.streams) stream.accept();
    }
    expect(far.streams.map((stream) => stream.read()?.[0])).toEqual(opened.map((_, count) => count));
  });

  test('one of a hundred that is not read holds its window and no more, and the others go on', async () => {
    const { near, far, settle } = world();
    const streams = Array.from({ length: 100 }, () => near.session.openStream());
    const block = Buffer.alloc(128 * 1024);
    for (let round = 0; round < 20; round += 1) {
      for (const stream of streams) if (stream.waiting.sending < block.length) stream.write(block);
      await settle();
      for (const stream of far.streams) stream.accept();
      for (const stream of far.streams.slice(1)) drink(stream);
      await settle();
    }
    expect(far.streams.length).toBe(100);
    expect(far.streams[0]?.waiting.received).toBe(256 * 1024);
    expect(streams[0]?.waiting.sending).toBeGreaterThan(0);
    expect(streams.slice(1).every(({ waiting }) => waiting.sending === 0)).toBe(true);
  });

  test('take turns: a small stream is not behind all of a large one', async () => {
    const { near, far, settle } = world();
    const large = near.session.openStream();
    const small = near.session.openStream();
    await settle();
    for (const stream of far.streams) stream.accept();
    await settle();
    near.pipe.room = false;
    large.write(Buffer.alloc(256 * 1024));
    small.write(Buffer.from('small'));
    await setImmediate();
    await setImmediate();
    const at = near.pipe.take().indexOf('small');
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThanOrEqual(128 * 1024);
  });

  test('everything that is written in one turn leaves in one write', async () => {
    const { near, settle } = world();
    await settle();
    near.pipe.writes = 0;
    for (let count = 0; count < 8; count += 1) near.session.openStream().write(Buffer.from('hello'));
    await settle();
    expect(near.pipe.writes).toBe(1);
  });
});

import { describe, expect, test } from 'vitest';
import type { ByteStreamUser } from '../../lib/byte-stream.ts';
import type { MuxStream } from '../mux/stream.ts';
import { FrameReader, frame, takeFrame } from './frame.ts';

/** A stream whose bytes the test brings. */
class FakeStream {
  ended = false;
  readonly #slices: Buffer[] = [];
  #user: ByteStreamUser | undefined;

  attach(user: ByteStreamUser): void {
    this.#user = user;
    if (this.#slices.length > 0 || this.ended) user.onReadable();
  }
  read(): Buffer | undefined {
    return this.#slices.shift();
  }
  bring(bytes: Buffer): void {
    this.#slices.push(bytes);
    this.#user?.onReadable();
  }
  end(): void {
    this.ended = true;
    this.#user?.onReadable();
  }
  close(): void {
    this.#user?.onClose();
  }
  get left(): number {
    return this.#slices.length;
  }
}

const take = (stream: FakeStream, ms = 5_000, signal?: AbortSignal) =>
  takeFrame(stream as unknown as MuxStream, ms, signal);
const raw = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
};

describe('frames', () => {
  const value = { open: 'connection', guest: 'x.0', from: 'ä', hops: 0 };
  const bytes = Buffer.concat([frame(value), Buffer.from('and the rest')]);

  test('are read however they are cut', () => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new FrameReader();
      let got: unknown;
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        reader.push(part);
        got ??= reader.next();
      }
      expect(got).toEqual(value);
      expect(reader.rest.toString()).toBe('and the rest');
    }
    const reader = new FrameReader();
    let got: unknown;
    for (const byte of bytes) {
      reader.push(Buffer.of(byte));
      got ??= reader.next();
    }
    expect(got).toEqual(value);
  });

  test('A22 one that says it is longer than it may be is refused by its length alone', () => {
    const reader = new FrameReader();
    reader.push(Buffer.of(0x20, 0x01));
    expect(() => reader.next()).toThrow(/too long/);
    expect(() => frame({ x: 'x'.repeat(8_192) })).toThrow(/too long/);
  });

  test('hold an object as JSON and nothing else', () => {
    for (const text of ['', '{', 'null', '5', '"x"', '[]', 'true', '{}x', '\u0000']) {
      const reader = new FrameReader();
      reader.push(raw(text));
      expect(() => reader.next(), text).toThrow(expect.objectContaining({ code: 'WH_ERR_PROTOCOL' }));
    }
  });
});

describe('taking a frame', () => {
  const some = frame({ a: 1 });

  test('leaves what follows it', async () => {
    const stream = new FakeStream();
    const taken = take(stream);
    stream.bring(some.subarray(0, 3));
    stream.bring(Buffer.concat([some.subarray(3), Buffer.from('x')]));
    stream.bring(Buffer.from('more'));
    expect(await taken).toEqual({ value: { a: 1 }, rest: Buffer.from('x') });
    expect(stream.left).toBe(1);
  });

  test('takes one whose stream has ended behind it already', async () => {
    const stream = new FakeStream();
    stream.bring(some);
    stream.end();
    expect((await take(stream)).value).toEqual({ a: 1 });
  });

  test('fails when the stream ends in it, breaks, is late, or nobody wants it any more', async () => {
    const ends = new FakeStream();
    const ended = take(ends);
    ends.bring(some.subarray(0, 4));
    ends.end();
    await expect(ended).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    const breaks = new FakeStream();
    const broke = take(breaks);
    breaks.close();
    await expect(broke).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await expect(take(new FakeStream(), 5)).rejects.toMatchObject({ code: 'WH_ERR_TIMEOUT' });
    const asked = new AbortController();
    const unwanted = take(new FakeStream(), 5_000, asked.signal);
    asked.abort(new Error('enough'));
    await expect(unwanted).rejects.toThrow('enough');
    await expect(take(new FakeStream(), 5_000, asked.signal)).rejects.toThrow('enough');
  });

  test('does not read on after it failed', async () => {
    const stream = new FakeStream();
    const taken = take(stream);
    const failed = expect(taken).rejects.toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    stream.bring(raw('[]'));
    await failed;
    stream.bring(some);
    expect(stream.left).toBe(1);
  });
});

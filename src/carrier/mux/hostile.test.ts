import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame, world } from '../../../test/support/mux-wire.ts';
import { initialWindow } from './frame.ts';

test('random bytes, and frames with random bytes changed, never throw, however they are cut', () => {
  const { arbitrary, feed } = fuzz();
  fc.assert(fc.property(arbitrary, feed), { numRuns: 2_000 });
});

/** Mostly good frames, of which some bytes are changed, cut anywhere. */
function fuzz() {
  const good = fc.oneof(
    fc.record({
      type: fc.integer({ min: 0, max: 4 }),
      flags: fc.integer({ min: 0, max: 15 }),
      id: fc.integer({ min: 0, max: 9 }),
      length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(initialWindow, 0xffff_ffff)),
    }),
    fc.constant({ type: 1, flags: 1, id: 3, length: 0 }),
  );
  const arbitrary = fc.record({
    frames: fc.array(good, { maxLength: 30 }),
    noise: fc.uint8Array({ maxLength: 60 }),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
    cuts: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
  });
  const feed = ({ frames, noise, changes, cuts }: FuzzInput): void => {
    const { pipe, streams, ends } = world();
    const parts = frames.map(({ type, flags, id, length }) =>
      frame(type, flags, id, length, type === 0 ? Buffer.alloc(Math.min(length, 64)) : Buffer.alloc(0)),
    );
    const bytes = Buffer.concat([...parts, noise]);
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const step = cuts[turn % cuts.length] ?? 1;
      pipe.feed(bytes.subarray(at, at + step));
      at += step;
      const stream = streams[turn % 3];
      if (turn % 2 === 0) stream?.accept();
      stream?.read();
      if (turn % 5 === 0) stream?.reset();
    }
    expect(ends.length).toBeLessThanOrEqual(1);
    for (const stream of streams) expect(stream.waiting.received).toBeLessThanOrEqual(initialWindow);
    pipe.destroy();
    expect(ends.length).toBe(1);
  };
  return { arbitrary, feed };
}

interface FuzzInput {
  readonly frames: readonly {
    readonly type: number;
    readonly flags: number;
    readonly id: number;
    readonly length: number;
  }[];
  readonly noise: Uint8Array;
  readonly changes: readonly (readonly [number, number])[];
  readonly cuts: readonly number[];
}

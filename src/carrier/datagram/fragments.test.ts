import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reassembly } from './fragments.ts';
import { datagramDefaults } from './limits.ts';

const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, at) => (at * 13) & 0xff));
/** In memory of its own, as what was opened is. */
const piece = (from: Buffer, start: number, end: number): Buffer => {
  const own = Buffer.allocUnsafeSlow(Math.min(end, from.length) - start);
  from.copy(own, 0, start);
  return own;
};

test('fragments in any order make their datagrams whole, several at once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat(1_000)),
      (sizes, dice) => {
        const reassembly = new Reassembly(datagramDefaults);
        const parts = sizes.flatMap((size, id) =>
          Array.from({ length: Math.ceil(size / 600) }, (_, at) => ({
            id,
            size,
            start: at * 600,
            rank: Number(dice.next().value),
          })),
        );
        const whole: number[] = [];
        for (const { id, size, start } of parts.toSorted((a, b) => a.rank - b.rank)) {
          const got = reassembly.add(7, id, size, start, piece(bytes(size), start, start + 600), 0);
          if (got === undefined) continue;
          expect(got.equals(bytes(size))).toBe(true);
          whole.push(id);
        }
        expect(whole.toSorted((a, b) => a - b)).toEqual(sizes.map((_, id) => id));
        expect(reassembly.held).toEqual({ bytes: 0, datagrams: 0 });
        expect(reassembly.dropped).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});

test('a fragment that comes twice is ignored', () => {
  const reassembly = new Reassembly(datagramDefaults);
  const all = bytes(1_000);
  expect(reassembly.add(1, 1, 1_000, 0, piece(all, 0, 600), 0)).toBeUndefined();
  expect(reassembly.add(1, 1, 1_000, 0, piece(all, 0, 600), 0)).toBeUndefined();
  expect(reassembly.add(1, 1, 1_000, 600, piece(all, 600, 1_000), 0)?.equals(all)).toBe(true);
});

test.each([
  ['overlaps the end of another', { offset: 500, length: 600 }],
  ['overlaps the beginning of another', { offset: 1_100, length: 200 }],
  ['contains another', { offset: 500, length: 1_000 }],
  ['lies within another', { offset: 700, length: 20 }],
  ['begins as another and is longer', { offset: 600, length: 700 }],
  ['tells another length of the whole', { offset: 1_200, length: 600, whole: 1_800 }],
  ['tells another flow', { offset: 1_200, length: 600, flow: 2 }],
])('a fragment that %s spoils its datagram, also for those that follow', (_name, odd) => {
  const reassembly = new Reassembly(datagramDefaults);
  const all = bytes(3_000);
  const { offset, length, whole = 3_000, flow = 1 } = { whole: undefined, flow: undefined, ...odd };
  reassembly.add(1, 1, 3_000, 600, piece(all, 600, 1_200), 0);
  expect(reassembly.add(flow, 1, whole, offset, piece(all, offset, offset + length), 0)).toBeUndefined();
  for (let start = 0; start < 3_000; start += 600) {
    expect(reassembly.add(1, 1, 3_000, start, piece(all, start, start + 600), 0)).toBeUndefined();
  }
  expect(reassembly.dropped).toBe(1);
  reassembly.tick(datagramDefaults.partialMs);
  expect(reassembly.held.datagrams).toBe(0);
  expect(reassembly.dropped).toBe(1);
});

test('a flood of first fragments holds bounded memory, and the newest datagram still arrives', () => {
  const limits = { ...datagramDefaults, partialBytes: 100_000, partials: 50 };
  const reassembly = new Reassembly(limits);
  for (let id = 0; id < 3_000; id += 1) {
    reassembly.add(1, id, 65_507, 0, piece(bytes(1_200), 0, 512 + (id % 700)), 0);
    expect(reassembly.held.bytes).toBeLessThanOrEqual(limits.partialBytes);
    expect(reassembly.held.datagrams).toBeLessThanOrEqual(limits.partials);
  }
  const all = bytes(1_100);
  reassembly.add(1, 3_000, 1_100, 0, piece(all, 0, 600), 0);
  expect(reassembly.add(1, 3_000, 1_100, 600, piece(all, 600, 1_100), 0)?.equals(all)).toBe(true);
  reassembly.clear();
  expect(reassembly.held).toEqual({ bytes: 0, datagrams: 0 });
});

test('a flood of spoiled datagrams is bounded, too', () => {
  const reassembly = new Reassembly({ ...datagramDefaults, partials: 50 });
  for (let id = 0; id < 1_000; id += 1) {
    reassembly.add(1, id, 3_000, 0, piece(bytes(600), 0, 600), 0);
    reassembly.add(1, id, 3_000, 1, piece(bytes(600), 0, 600), 0);
    expect(reassembly.held.datagrams).toBeLessThanOrEqual(51);
  }
});

test('what is not whole in time is dropped, also by a clock that was set back', () => {
  const reassembly = new Reassembly(datagramDefaults);
  reassembly.add(1, 1, 3_000, 0, piece(bytes(600), 0, 600), 1_000_000);
  reassembly.tick(1_000_000 + datagramDefaults.partialMs - 1);
  expect(reassembly.held.datagrams).toBe(1);
  reassembly.tick(1_000_000 + datagramDefaults.partialMs);
  expect(reassembly.held.datagrams).toBe(0);
  reassembly.add(1, 2, 3_000, 0, piece(bytes(600), 0, 600), 1_000_000);
  reassembly.tick(5);
  expect(reassembly.held.datagrams).toBe(0);
  expect(reassembly.dropped).toBe(2);
});

test('A22 tells what it keeps, and keeps little where memory is scarce', () => {
  let bytes = 0;
  const held = { add: (more: number) => void (bytes += more), scarce: false, exhausted: false };
  const reassembly = new Reassembly(datagramDefaults, held);
  const piece = Buffer.alloc(1_000);
  for (let id = 0; id < 1_000; id += 1) reassembly.add(1, id, 60_000, 0, Buffer.from(piece), 0);
  expect(bytes).toBe(reassembly.held.bytes);
  expect(bytes).toBeGreaterThan(1_000_000);
  held.scarce = true;
  reassembly.add(1, 1_001, 60_000, 0, piece, 0);
  expect(bytes).toBeLessThan(130 * 1024);
  reassembly.clear();
  expect(bytes).toBe(0);
});

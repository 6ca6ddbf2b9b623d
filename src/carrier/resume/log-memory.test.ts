import { expect, test } from 'vitest';
import { LogMemory } from './log-memory.ts';

const bytes = (count: number, from: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => (from + i) % 251));

test('gives out what was put in, from any offset, while the beginning is given back', () => {
  const memory = new LogMemory();
  let written = 0;
  let dropped = 0;
  for (let round = 0; round < 400; round += 1) {
    const count = (round * 7919) % 90_000;
    memory.append(bytes(count, written));
    written += count;
    const offset = Math.floor((written - dropped) / 3);
    const got = Buffer.concat(memory.slices(offset, 100_000));
    const expected = Math.min(100_000, written - dropped - offset);
    expect(got.equals(bytes(expected, dropped + offset))).toBe(true);
    const drop = Math.floor((written - dropped) / (round % 5 === 0 ? 1 : 2));
    memory.drop(drop);
    dropped += drop;
  }
  expect(written).toBeGreaterThan(10_000_000);
});

test('keeps its own: bytes may change after they were put in', () => {
  const memory = new LogMemory();
  const mine = Buffer.from('before');
  memory.append(mine);
  mine.write('after!');
  expect(Buffer.concat(memory.slices(0, 100)).toString()).toBe('before');
});

test('has nothing to give when it is empty, and begins anew', () => {
  const memory = new LogMemory();
  expect(memory.slices(0, 10)).toEqual([]);
  memory.append(Buffer.from('one'));
  memory.drop(3);
  expect(memory.slices(0, 10)).toEqual([]);
  memory.append(Buffer.from('two'));
  expect(Buffer.concat(memory.slices(0, 10)).toString()).toBe('two');
});

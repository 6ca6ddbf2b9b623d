import { expect, test } from 'vitest';
import { ByteQueue } from './byte-queue.ts';
import { QuicByteStream } from './quic/byte-stream.ts';
import type { QuicStreamUser } from './quic/engine.ts';

const many = 100_000;
const bytes = Buffer.from(Array.from({ length: many }, (_, at) => at % 251));

test('single bytes that wait lie together, in their order, although what they were written from has changed', () => {
  const queue = new ByteQueue();
  const area = Buffer.alloc(1);
  for (const byte of bytes) {
    area[0] = byte;
    queue.push(area, true);
  }
  const slices: Buffer[] = [];
  queue.each(0, (slice) => slices.push(slice) > 0);
  expect(Buffer.concat(slices).equals(bytes)).toBe(true);
  expect(slices.length).toBeLessThan(100);
});

test('a client that sends single bytes to a QUIC stream that nobody reads costs little work with each', () => {
  let user: QuicStreamUser | undefined;
  let room = false;
  let writes = 0;
  const taken: Buffer[] = [];
  const write = (slice: Uint8Array): number => {
    writes += 1;
    if (!room) return 0;
    taken.push(Buffer.from(slice));
    return slice.length;
  };
  const rest = { id: 1, connection: undefined as never, ended: false, read: () => 0, fin: () => {}, abort: () => {} };
  const stream = new QuicByteStream({ ...rest, write, attach: (who) => void (user = who) }, false);
  const area = Buffer.alloc(1);
  for (const byte of bytes) {
    area[0] = byte;
    stream.writeNow(area);
  }
  writes = 0;
  room = true;
  user?.onWritable();
  expect(Buffer.concat(taken).equals(bytes)).toBe(true);
  expect(writes).toBeLessThan(100);
});

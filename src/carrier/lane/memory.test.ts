/** What lanes hold counts for the key, as what their links hold does. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LaneEnd } from '../../../test/support/lane-end.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Link } from '../link/link.ts';
import { LinkMemory } from '../memory.ts';

const never = new AbortController().signal;
const head = { kind: 'connection', guest: 'x', from: '127.0.0.1:1', hops: 0 } as const;
const MiB = 1024 * 1024;

let memory: LinkMemory;
let a: LaneEnd;
let b: LaneEnd;
let link: Link;
beforeEach(async () => {
  memory = new LinkMemory({ all: 32 * MiB, identity: 8 * MiB });
  a = await new LaneEnd('a').listen();
  b = await new LaneEnd('b', true, undefined, memory).listen();
  b.onStream = (_link, incoming) => void incoming.acceptBytes();
  link = await a.dial(b.port);
  await expect.poll(() => [link.lane?.carrier, b.links.all[0]?.lane?.carrier]).toEqual(['quic', 'quic']);
});
afterEach(async () => {
  await Promise.all([a, b].map((end) => end.close()));
  expect(memory.bytes).toBe(0);
});

test('A22 who fills streams of a lane that nobody reads is refused more of them, and is told why', async () => {
  const refused: unknown[] = [];
  let most = 0;
  for (let n = 0; n < 80; n += 1) {
    const before = memory.bytes;
    const stream = await link.openStream(head, never).catch((error: unknown) => void refused.push(error));
    if (stream === undefined) continue;
    stream.write(Buffer.alloc(256 * 1024));
    await expect.poll(() => memory.bytes).toBeGreaterThan(before + 64 * 1024);
    most = Math.max(most, memory.bytes);
  }
  expect(most).toBeGreaterThan(4 * MiB);
  expect(most).toBeLessThan(9 * MiB);
  expect(refused.length).toBeGreaterThan(20);
  expect(refused.every((error) => WormholeError.is(error) && error.code === 'WH_ERR_LIMIT')).toBe(true);
});

test('A22 streams of a lane that were open before hold no more than there is, either', async () => {
  const streams = await Promise.all(Array.from({ length: 100 }, () => link.openStream(head, never)));
  const broken: unknown[] = [];
  for (const stream of streams) {
    stream.on('error', (error) => broken.push(error));
    stream.write(Buffer.alloc(256 * 1024));
  }
  await expect.poll(() => broken.length).toBeGreaterThan(20);
  expect(memory.bytes).toBeLessThan(9 * MiB);
  expect(link.lane?.carrier).toBe('quic');
});

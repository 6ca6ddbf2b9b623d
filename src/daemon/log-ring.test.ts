/** Log lines in memory and for their readers. */
import { describe, expect, test } from 'vitest';
import { LogRing } from './log-ring.ts';
import { logStream } from './log-stream.ts';

const line = (msg: string, more: object = {}): string =>
  `${JSON.stringify({ level: 'info', time: 1, pid: 2, msg, ...more })}\n`;
const never = new AbortController().signal;

async function read(stream: AsyncIterable<unknown>): Promise<Array<{ msg: string }>> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text
    .split('\n')
    .filter((part) => part !== '')
    .map((part) => JSON.parse(part) as { msg: string });
}

describe('the ring', () => {
  test('forgets the oldest lines when it is full', () => {
    const ring = new LogRing(100);
    for (let i = 0; i < 5000; i++) ring.push(`line ${i}\n`);
    const lines = ring.lines();
    expect(lines.at(-1)).toBe('line 4999\n');
    expect(lines.join('').length).toBeLessThanOrEqual(100);
    expect(lines.join('').length).toBeGreaterThan(80);
  });

  test('keeps one line that is longer than all of it', () => {
    const ring = new LogRing(10);
    ring.push('short\n');
    ring.push('x'.repeat(50));
    expect(ring.lines()).toEqual(['x'.repeat(50)]);
  });
});

describe('a reader', () => {
  test('gets what is kept, of one wormhole when asked, and the end', async () => {
    const ring = new LogRing(10_000);
    ring.push(line('one'));
    ring.push(line('two', { wormhole: 'a', bytesIn: 7 }));
    ring.push('not json\n');
    expect((await read(logStream(ring, undefined, false, never))).map(({ msg }) => msg)).toEqual(['one', 'two']);
    expect(await read(logStream(ring, 'a', false, never))).toEqual([
      { timeMs: 1, level: 'info', msg: 'two', wormhole: 'a', facts: { bytesIn: 7 } },
    ]);
  });

  test('that follows gets new lines until it is over', async () => {
    const ring = new LogRing(10_000);
    const over = new AbortController();
    ring.push(line('old'));
    const lines = read(logStream(ring, undefined, true, never, over.signal));
    ring.push(line('new'));
    over.abort();
    ring.push(line('late'));
    expect((await lines).map(({ msg }) => msg)).toEqual(['old', 'new']);
  });

  test('that is too slow is told how many lines it lost', async () => {
    const ring = new LogRing(1000);
    const over = new AbortController();
    const stream = logStream(ring, undefined, true, over.signal);
    for (let i = 0; i < 40; i++) ring.push(line('x'.repeat(50_000)));
    const lines = read(stream);
    await new Promise((resolve) => setImmediate(resolve));
    ring.push(line('again'));
    over.abort();
    const got = await lines;
    expect(got.length).toBeLessThan(40);
    expect(got.at(-2)).toMatchObject({
      msg: 'lines lost: the reader is slow',
      facts: { dropped: 40 - (got.length - 2) },
    });
    expect(got.at(-1)?.msg).toBe('again');
  });
});

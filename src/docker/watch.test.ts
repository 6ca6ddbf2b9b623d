import { describe, expect, test } from 'vitest';
import type { ContainerChange } from './engine.ts';
import { listingOf } from './listing.ts';
import { Watch } from './watch.ts';

const log = { warn: () => undefined, debug: () => undefined };
const never = 2 ** 31 - 1;
const list = () => Promise.resolve(listingOf([]));
const event = (Action: string): Buffer =>
  Buffer.from(`${JSON.stringify({ Type: 'container', Action, Actor: { ID: 'abc', Attributes: { name: 'web' } } })}\n`);

/** Streams that the test feeds; each ends when it is told to, or with its signal. */
function source() {
  const opened: Array<{ signal: AbortSignal; feed: (chunk: Buffer | undefined) => void }> = [];
  const open = async (signal: AbortSignal): Promise<AsyncIterable<unknown>> => {
    const { readable, writable } = new TransformStream<Buffer, Buffer>();
    const writer = writable.getWriter();
    signal.addEventListener('abort', () => void writer.abort(signal.reason).catch(() => undefined));
    opened.push({
      signal,
      feed: (chunk) => void (chunk === undefined ? writer.close() : writer.write(chunk)).catch(() => undefined),
    });
    return readable as AsyncIterable<unknown>;
  };
  return { open, opened };
}

/** A watcher that keeps what it saw and can be waited on. */
function recorder() {
  const seen: string[] = [];
  const waiting: Array<() => void> = [];
  return {
    seen,
    onChange: (change: ContainerChange) => {
      seen.push(change.action);
      for (const wake of waiting.splice(0)) wake();
    },
    async until(action: string): Promise<void> {
      while (!seen.includes(action)) await new Promise<void>((resolve) => void waiting.push(resolve));
    },
  };
}

describe('Watch', () => {
  test('opens nothing until somebody watches, and one stream for all', async () => {
    const { open, opened } = source();
    await using watch = new Watch({ open, list, log, resyncMs: never });
    expect(opened).toHaveLength(0);
    const [one, two] = [recorder(), recorder()];
    using _one = watch.add(one.onChange);
    using _two = watch.add(two.onChange);
    await one.until('connect');
    opened[0]?.feed(event('start'));
    await Promise.all([one.until('start'), two.until('start')]);
    expect(opened).toHaveLength(1);
  });

  test('closes the stream with the last watcher, and opens another for the next', async () => {
    const { open, opened } = source();
    await using watch = new Watch({ open, list, log, resyncMs: never });
    const first = recorder();
    const added = watch.add(first.onChange);
    await first.until('connect');
    added[Symbol.dispose]();
    expect(opened[0]?.signal.aborted).toBe(true);
    const second = recorder();
    using _second = watch.add(second.onChange);
    await second.until('connect');
    expect(opened).toHaveLength(2);
    expect(first.seen).toEqual(['connect']);
  });

  test('connects again after the stream has ended or could not be opened', async () => {
    const { open, opened } = source();
    let refusals = 2;
    const flaky = (signal: AbortSignal) => (refusals-- > 0 ? Promise.reject(new Error('ECONNREFUSED')) : open(signal));
    await using watch = new Watch({ open: flaky, list, log, resyncMs: never, minDelayMs: 1 });
    const watcher = recorder();
    using _watcher = watch.add(watcher.onChange);
    await watcher.until('connect');
    opened[0]?.feed(undefined);
    watcher.seen.length = 0;
    await watcher.until('connect');
    expect(opened).toHaveLength(2);
  });

  test('R20: tells everybody to look at everything at a steady interval', async () => {
    const { open } = source();
    await using watch = new Watch({ open, list, log, resyncMs: 1 });
    const watcher = recorder();
    using _watcher = watch.add(watcher.onChange);
    await watcher.until('resync');
  });

  test('a watcher that throws does not cost the others their change', async () => {
    const { open } = source();
    await using watch = new Watch({ open, list, log, resyncMs: never });
    using _bad = watch.add(() => {
      throw new Error('mine');
    });
    const watcher = recorder();
    using _watcher = watch.add(watcher.onChange);
    await watcher.until('connect');
  });

  test('nobody is called after disposal', async () => {
    const { open, opened } = source();
    const watch = new Watch({ open, list, log, resyncMs: never });
    const watcher = recorder();
    watch.add(watcher.onChange);
    await watcher.until('connect');
    await watch[Symbol.asyncDispose]();
    opened[0]?.feed(event('start'));
    expect(watcher.seen).toEqual(['connect']);
  });
});

import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Deadline, within } from './deadline.ts';

const never = 2 ** 31 - 1;

describe('Deadline', () => {
  test('aborts with the reason of the first parent that does', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    using deadline = new Deadline(never, one.signal, two.signal);
    two.abort('two');
    one.abort('one');
    expect(deadline.signal.reason).toBe('two');
  });

  test('is aborted from the start when a parent was', () => {
    using deadline = new Deadline(never, AbortSignal.abort('early'));
    expect(deadline.signal.reason).toBe('early');
  });

  test('aborts with a TimeoutError when the time is over', async () => {
    using deadline = new Deadline(1);
    await new Promise((resolve) => deadline.signal.addEventListener('abort', resolve));
    expect((deadline.signal.reason as DOMException).name).toBe('TimeoutError');
  });

  test('a disposed one leaves no listener on its parents', () => {
    const parent = new AbortController();
    const deadline = new Deadline(never, parent.signal);
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(1);
    deadline[Symbol.dispose]();
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
    parent.abort();
    expect(deadline.signal.aborted).toBe(false);
  });
});

describe('within', () => {
  test('gives the result of work that ends in time, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await within(signal, Promise.resolve(1))).toBe(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('rejects with the reason of the signal, and swallows what the work comes to', async () => {
    const stop = new AbortController();
    let fail: (reason: unknown) => void = () => undefined;
    const waiting = within(stop.signal, new Promise((_, reject) => (fail = reject)));
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    fail(new Error('late'));
    await expect(within(stop.signal, Promise.resolve(1))).rejects.toThrow('enough');
  });
});

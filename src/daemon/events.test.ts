/** What a reader of events may rely on, however slow it is. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Event } from '../spec/api.ts';
import { Events, eventStream } from './events.ts';

const event = (wormhole: string, state: Event['state'], reason = ''): Event => ({
  timeMs: 0,
  wormhole,
  state,
  reason,
  pull: null,
});

describe('events', () => {
  test('a reader that was too slow is told the last state of each wormhole', async () => {
    const events = new Events();
    const stopping = new AbortController();
    const stream = eventStream(events, [event('a', 'up')], undefined, stopping.signal);
    for (let i = 0; i < 2000; i++) events.emit(event('a', 'starting', `${i} ${'x'.repeat(1000)}`));
    events.emit(event('b', 'deleted'));
    events.emit(event('a', 'up', 'at last'));
    const seen = new Map<string, Event>();
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const one = JSON.parse(line) as Event;
        seen.set(one.wormhole, one);
      }
      if (seen.get('a')?.reason === 'at last') stopping.abort();
    }
    expect(seen.get('b')?.state).toBe('deleted');
    expect(seen.get('a')).toMatchObject({ state: 'up', reason: 'at last' });
  });

  test('a reader that has left before it began is not listened for', () => {
    const events = new Events();
    const stopping = new AbortController();
    eventStream(events, [], undefined, AbortSignal.abort(), stopping.signal);
    expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
  });
});

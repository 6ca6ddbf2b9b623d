import { expect, test } from 'vitest';
import { reporter } from './foreground.ts';
import type { Flags, Invocation } from './invocation.ts';

/** What is told of two events, one of them of a connection. */
function told(flags: Flags, verbose = false): string[] {
  const lines: string[] = [];
  const stderr = { write: (text: string) => void lines.push(text.split(' ').slice(1).join(' ').trim()) };
  const surroundings = { stdout: {}, stderr, env: { NO_COLOR: '1' } };
  const report = reporter({ json: false, verbose, flags, surroundings } as unknown as Invocation, 'quic-server');
  report('info', 'listening');
  report('debug', 'connected', { to: 'db' });
  return lines;
}

const some = ['info  listening'];
const all = [...some, 'debug connected to=db'];

test.each([
  [{}, some],
  [{ v: '0' }, some],
  [{ v: '1' }, some],
  [{ v: '2' }, all],
  [{ v: '4' }, all],
])('F70: connections are told of one by one from level 2 on: %j', (flags, expected) => {
  expect(told(flags)).toEqual(expected);
});

test('F70: and with --verbose, whatever the level', () => {
  expect(told({ v: '0' }, true)).toEqual(all);
});

test.each(['5', '-1', '2x', ''])('F70: a level %j is refused', (v) => {
  expect(() => told({ v })).toThrow(expect.objectContaining({ code: 'WH_ERR_USAGE', detail: { verb: 'quic-server' } }));
});

/** Tables, units and log lines: aligned, fitted, and harmless for a terminal. */
import { describe, expect, test } from 'vitest';
import { logFormat } from './log-line.ts';
import { type Column, table } from './table.ts';
import { age, bytes, millis } from './units.ts';

const sink = (columns?: number) => ({ write: () => {}, isTTY: columns !== undefined, columns });

describe('table', () => {
  const columns: Column[] = [{ title: 'ID' }, { title: 'URL', elastic: true }, { title: 'N', align: 'right' }];
  const rows = [{ cells: ['a', 'tcp://127.0.0.1:3306', '1'] }, { cells: ['long-id', 'x', '1000'], note: 'waits' }];

  test('columns line up, numbers to the right, notes beneath', () => {
    expect(table(columns, rows, sink())).toBe(
      [
        'ID       URL                      N',
        'a        tcp://127.0.0.1:3306     1',
        'long-id  x                     1000',
        '  waits',
        '',
      ].join('\n'),
    );
  });

  test('nothing is cut when nobody says how wide the screen is', () => {
    const url = 'x'.repeat(500);
    expect(table(columns, [{ cells: ['a', url, '1'] }], sink())).toContain(url);
  });

  test('on a terminal what does not fit beside stands beneath, whole', () => {
    const url = 'tcp://'.padEnd(44, 'x');
    expect(table(columns, [{ cells: ['an-id-of-some-length', url, '12345'] }], sink(50))).toBe(
      ['ID                        N', 'an-id-of-some-length  12345', `  url ${url}`, ''].join('\n'),
    );
    expect(table(columns, [{ cells: ['a', url, '1'] }], sink(20))).toContain(`\n  url\n    ${url}\n`);
  });

  test('on a terminal what is spare is left out first, and words go on in the next line', () => {
    const spare: Column[] = [
      ...columns,
      { title: 'IN', spare: 2 },
      { title: 'OUT', spare: 2 },
      { title: 'X', spare: 1 },
    ];
    const note = 'peer db is lost: nothing was heard of it';
    const row = { cells: ['a', 'tcp://127.0.0.1:3306', '1', '1.0KiB', '2.0KiB', '3'], note };
    expect(table(spare, [row], sink(32))).toBe(
      [
        'ID  URL                   N  X',
        'a   tcp://127.0.0.1:3306  1  3',
        '  peer db is lost: nothing was',
        '    heard of it',
        '',
      ].join('\n'),
    );
    expect(table(spare, [row], sink())).toContain(`2.0KiB  3\n  ${note}\n`);
  });

  test('a terminal that is far too narrow gets a table all the same', () => {
    expect(table(columns, rows, sink(3))).toContain('long-id');
  });

  test('cells cannot move the cursor or start another line', () => {
    const text = table(columns, [{ cells: ['a\u001B[2J', 'b\nc', '1'], note: 'd\r\n' }], sink());
    // oxlint-disable-next-line no-control-regex -- looks for what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
    expect(text.split('\n')).toHaveLength(4);
  });
});

describe('units', () => {
  test.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.0KiB'],
    [1536, '1.5KiB'],
    [1024 ** 2 - 1, '1.0MiB'],
    [3 * 1024 ** 3, '3.0GiB'],
    [2 ** 53 - 1, '8.0PiB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  test.each([
    [null, '-'],
    [0, '0.00ms'],
    [0.254, '0.25ms'],
    [12.34, '12.3ms'],
    [99.99, '100ms'],
    [1500, '1.50s'],
  ])('%s milliseconds are %s', (ms, text) => {
    expect(millis(ms)).toBe(text);
  });

  test.each([
    [-5, '0s'],
    [59_999, '59s'],
    [65_000, '1m05s'],
    [9_000_000, '2h30m'],
    [86_400_000 * 12 + 3_600_000 * 3, '12d3h'],
  ])('%d ms ago is %s', (ms, text) => {
    expect(age(ms)).toBe(text);
  });
});

describe('logFormat', () => {
  const format = logFormat((_, text) => text);
  const timeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

  test('a record is time, level, message and facts', () => {
    const facts = { upstream: 'db@127.0.0.1:3306', ms: 1.5, ok: true, detail: 'two words', nothing: null, list: [1] };
    expect(format({ timeMs, level: 'info', msg: 'connection closed', wormhole: 'brave-otter', facts })).toBe(
      '2026-01-02T03:04:05.006Z info  connection closed wormhole=brave-otter upstream=db@127.0.0.1:3306 ms=1.5 ok=true detail="two words" nothing=null list=[1]',
    );
  });

  test('whatever is in it, a record is one line', () => {
    const line = format({ timeMs: 1e99, level: 'warn', msg: 'a\nb\u001B[0m', facts: { 'k\n': 'v\nw', e: '' } });
    // oxlint-disable-next-line no-control-regex -- looks for what must not be there
    expect(line).not.toMatch(/[\u0000-\u001F]/);
    expect(line).toContain('e=""');
  });
});

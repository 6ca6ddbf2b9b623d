/** Rule: docs/peers.md has every answer that a client of `connect` can get, and no other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refusalTable } from './refusal.ts';

const page = readFileSync(new URL('../../../docs/peers.md', import.meta.url), 'utf8');
const [, table = ''] = /^\| what happened \| HTTP \| SOCKS5 \|\n([^]*)$/m.exec(page) ?? [];

test('the table of the page has every status and every reply', () => {
  const cells = table.split('\n').map((line) => line.split('|').slice(2));
  const numbers = (column: number) =>
    new Set(cells.flatMap((cell) => cell[column]?.match(/\b\d+\b/g) ?? []).map(Number));
  const refusals = Object.values(refusalTable);
  expect(numbers(0)).toEqual(new Set(refusals.map(({ status }) => Number.parseInt(status, 10))));
  // 255: no method of SOCKS5 will do, which is said before there is a reply.
  expect(numbers(1)).toEqual(new Set([...refusals.map(({ reply }) => reply), 255]));
});

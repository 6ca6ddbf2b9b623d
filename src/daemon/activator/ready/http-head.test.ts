import { expect, test } from 'vitest';
import { HEAD_MAX, readStatus } from './http-head.ts';

const read = (text: string): number | 'more' | undefined => readStatus(Buffer.from(text, 'latin1'));

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', 200],
  ['HTTP/1.0 302\r\n\r\n', 302],
  ['HTTP/1.1 204 No Content\n\n', 204],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 503 Busy\r\n\r\n', 503],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 101],
  ['', 'more'],
  ['HTT', 'more'],
  ['HTTP/1.1 200 OK\r\nX: y\r\n', 'more'],
  ['HTTP/1.1 100 Continue\r\n\r\n', 'more'],
])('the head %j is status %s', (text, status) => {
  expect(read(text)).toBe(status);
});

test.each([
  'SSH-2.0-OpenSSH_9.2\r\n',
  '220 mail ready\r\n\r\n',
  'HTTP/2 200\r\n\r\n',
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1 2000 OK\r\n\r\n',
  'HTTP/1.1200 OK\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nrubbish',
  '\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
])('%j is no response', (text) => {
  expect(read(text)).toBeUndefined();
});

test('a head without an end is none as soon as it is too long', () => {
  const opening = 'HTTP/1.1 200 OK\r\nX: ';
  expect(read(opening.padEnd(HEAD_MAX - 1, 'x'))).toBe('more');
  expect(read(opening.padEnd(HEAD_MAX, 'x'))).toBeUndefined();
});

import { expect, test } from 'vitest';
import { isBound } from './udp-table.ts';

const head = '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref\n';
const line = (local: string, state = '07', remote = '00000000:0000'): string =>
  `${head}  250: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n`;

test.each([
  ['0100007F:0035', '127.0.0.1', true],
  ['00000000:0035', '127.0.0.1', true],
  ['0100007F:0035', '127.0.0.2', false],
  ['0100007F:0036', '127.0.0.1', false],
  ['0101A8C0:0035', '192.168.1.1', true],
  ['00000000000000000000000000000000:0035', '127.0.0.1', true],
  ['0000000000000000FFFF00000100007F:0035', '127.0.0.1', true],
  ['00000000000000000000000001000000:0035', '::1', true],
  ['00000000000000000000000000000000:0035', '::1', true],
  ['00000000000000000000000001000000:0035', '127.0.0.1', false],
  ['00000000:0035', '::1', false],
  ['000080FE00000000000000000100A0FE:0035', 'fe80::fea0:1%eth0', true],
])('a socket of %s takes port 53 of %s: %s', (local, host, bound) => {
  expect(isBound([line(local)], host, 53)).toBe(bound);
});

test('a socket that is connected to one sender serves nobody else', () => {
  expect(isBound([line('0100007F:0035', '01', '0100007F:ABCD')], '127.0.0.1', 53)).toBe(false);
});

test('the other end of a connected socket is not taken for its own', () => {
  expect(isBound([line('0100007F:ABCD', '07', '0100007F:0035')], '127.0.0.1', 53)).toBe(false);
});

test('a line that was cut off counts for nothing', () => {
  expect(isBound([line('0100007F:0035').slice(0, head.length + 20)], '127.0.0.1', 53)).toBe(false);
  expect(isBound(['', '0100007F:0035'], '127.0.0.1', 53)).toBe(false);
});

test('all lines and tables are looked at', () => {
  expect(isBound([line('0200007F:0035') + line('0100007F:0035')], '127.0.0.1', 53)).toBe(true);
  expect(isBound([line('0200007F:0035'), line('00000000:0035')], '127.0.0.1', 53)).toBe(true);
});

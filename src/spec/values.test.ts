/** The small readers: durations, counts, sizes, modes, owners, probes, names, images. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DURATION_MAX_MS, formatDuration, parseDuration, parseTimeout } from './duration.ts';
import { parseImage } from './image.ts';
import { parseContainer, parseId, parseLabel, parseNetnsName } from './names.ts';
import { formatMode, parseCount, parseMode, parseOwner, parseSize } from './number.ts';
import { formatProbe, parseProbe } from './probe.ts';

describe('parseDuration', () => {
  test.each([
    ['5s', 5000],
    ['250ms', 250],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['90s', 90_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test('refuses a bare number and says how to write it', () => {
    expect(() => parseDuration('5')).toThrow(/write 5s or 5ms/);
    expect(() => parseDuration('0')).toThrow(/no unit/);
  });

  test.each(['', '5 s', 's', '1s1m', '1m1m', '-1s', '1.5s', '5S', '5sec', '1e3s', '25d', '999999999999999d', '٥s'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
    },
  );

  test('reads back what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DURATION_MAX_MS }), (ms) => parseDuration(formatDuration(ms)) === ms),
    );
  });

  test('parseTimeout refuses a time of nothing', () => {
    expect(() => parseTimeout('0ms')).toThrow(/no time at all/);
    expect(parseTimeout('1ms')).toBe(1);
  });
});

describe('numbers', () => {
  test('parseCount keeps to its bounds', () => {
    expect(parseCount('5', 1, 5)).toBe(5);
    for (const text of ['0', '6', '', '+1', '1.0', '0x1', '1e1', ' 1'])
      expect(() => parseCount(text, 1, 5)).toThrow(/1 to 5/);
  });

  test.each([
    ['0', 0],
    ['512m', 512 * 1024 ** 2],
    ['1G', 1024 ** 3],
    ['64KiB', 64 * 1024],
    ['64kb', 64 * 1024],
    ['7b', 7],
  ])('parseSize reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'm', '1.g', '.5g', '-1', '1x', '1bib', '1  m', '1e3', '999999999999999t'])(
    'parseSize refuses %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(/not a size/);
    },
  );

  test.each([
    ['0660', 0o660],
    ['660', 0o660],
    ['0o600', 0o600],
    ['000', 0],
  ])('parseMode reads %s', (text, mode) => {
    expect(parseMode(text)).toBe(mode);
    expect(parseMode(formatMode(mode))).toBe(mode);
  });

  test.each(['4755', '08', '0668', '66', '0x1b0', 'rw-rw----', ''])('parseMode refuses %j', (text) => {
    expect(() => parseMode(text)).toThrow(/octal/);
  });

  test('parseOwner takes names and numbers, with or without a group', () => {
    for (const text of ['root', 'root:adm', '0:0', '_apt', 'www-data:1000']) expect(parseOwner(text)).toBe(text);
    for (const text of ['', ':adm', 'root:', 'a:b:c', 'a b', '-1', '007', 'ro\not'])
      expect(() => parseOwner(text)).toThrow(/owner/);
  });
});

describe('parseProbe', () => {
  test.each(['tcp', 'health', 'none', 'http:8080/health?x=1', 'log:ready for (start|connections)$'])(
    'reads %s',
    (text) => {
      expect(formatProbe(parseProbe(text))).toBe(text);
    },
  );

  test('takes / where http names no path', () => {
    expect(parseProbe('http:80')).toEqual({ kind: 'http', port: 80, path: '/' });
  });

  test.each([
    '',
    'TCP',
    'http',
    'http:',
    'http:0/',
    'http:80/a b',
    'http:80/\r\nX: y',
    'log:',
    'log:(',
    `log:${'a'.repeat(1025)}`,
  ])('refuses %j', (text) => {
    expect(() => parseProbe(text)).toThrow(expect.objectContaining({ code: 'WH_ERR_SPEC_INVALID' }));
  });
});

describe('names', () => {
  test('parseContainer takes names, ids and prefixes of ids, and no path', () => {
    for (const text of ['web', 'my_app-1.db', 'a1', 'f', '0123456789abcdef'.repeat(4)])
      expect(parseContainer(text)).toBe(text);
    for (const text of ['', 'z', '-web', '.web', 'we b', 'web;rm', '*', 'wéb', 'a'.repeat(256), '../x']) {
      expect(() => parseContainer(text)).toThrow(/container/);
    }
    expect(() => parseContainer('/web')).toThrow(/without/);
  });

  test('parseNetnsName takes file names only', () => {
    for (const text of ['blue', 'cni-1234', 'a.b', '..a']) expect(parseNetnsName(text)).toBe(text);
    for (const text of [
      '',
      '.',
      '..',
      '...',
      'a/b',
      '/proc/1/ns/net',
      'a b',
      'a:b',
      'a@b',
      'a\u0000',
      'a'.repeat(256),
    ]) {
      expect(() => parseNetnsName(text)).toThrow(/namespace/);
    }
  });

  test('parseId keeps the case of an id and refuses what is none', () => {
    for (const text of ['shop', 'Shop_1.a-b', '1', 'a'.repeat(63)]) expect(parseId(text)).toBe(text);
    for (const text of ['', '-a', '.a', 'a b', 'a/b', 'ä', 'a'.repeat(64), '..'])
      expect(() => parseId(text)).toThrow(/not an id/);
  });

  test('parseLabel splits at the first =, and a value may be empty', () => {
    expect(parseLabel('team=a=b')).toEqual({ key: 'team', value: 'a=b' });
    expect(parseLabel('team=')).toEqual({ key: 'team', value: '' });
    for (const text of ['team', '=x', '__proto__=x', 'a b=c', 'a=\u001b[2J', `a=${'x'.repeat(256)}`]) {
      expect(() => parseLabel(text)).toThrow(/label/);
    }
  });
});

describe('parseImage', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  test.each([
    'mysql',
    'mysql:8.0',
    'wormhole/mysql',
    'localhost:5000/a/b_c:v1',
    `ghcr.io/x/y@${digest}`,
    '[::1]:5000/x',
    digest,
  ])('takes %s', (text) => {
    expect(parseImage(text)).toBe(text);
  });

  test.each([
    '--privileged',
    '-v',
    '-v/:/host',
    'mysql;rm',
    'mysql;',
    'mysql rm',
    'mysql\n--privileged',
    ' mysql',
    'mysql ',
    '',
    '$(id)',
    '`id`',
    'mysql|sh',
    'mysql&',
    '../mysql',
    '/mysql',
    'mysql/',
    'MySQL',
    'mysql:',
    'mysql:-x',
    'mysql@sha256:00',
    'a//b',
    `${'a/'.repeat(200)}a`,
    'a'.repeat(65_536),
  ])('A28 refuses %j as an image', (text) => {
    expect(() => parseImage(text)).toThrow(/is not an image/);
  });
});

/** Splitting and quoting, checked against each other and against a real shell. */
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinWords, quote, splitWords } from './shell.ts';

const words = fc.array(fc.string({ unit: 'binary', maxLength: 20 }).map((word) => word.replaceAll('\0', '')));

describe('splitWords', () => {
  test.each([
    ['', []],
    ['  a\t b\n', ['a', 'b']],
    [`-e A='x y' "b c"`, ['-e', 'A=x y', 'b c']],
    [`'' ""`, ['', '']],
    [String.raw`a\ b \"c\" "\$d \e \\" '\f'`, ['a b', '"c"', String.raw`$d \e \ `.trim(), String.raw`\f`]],
    ['$HOME * ~ ; | & `id` #x', ['$HOME', '*', '~', ';', '|', '&', '`id`', '#x']],
    ['a\\\nb', ['ab']],
    ['"a\\\nb"', ['ab']],
    [`a"b"'c'd`, ['abcd']],
  ])('splits %j', (line, expected) => {
    expect(splitWords(line)).toEqual(expected);
  });

  test.each([
    [`'a`, /single quote/],
    ['"a', /double quote/],
    ['a\\', /backslash/],
    ['a\0b', /NUL/],
  ])('refuses %j', (line, reason) => {
    expect(() => splitWords(line)).toThrow(reason);
  });

  test('splits what joinWords joined', () => {
    fc.assert(
      fc.property(words, (list) => {
        expect(splitWords(joinWords(list))).toEqual(list);
      }),
    );
  });
});

describe('quote', () => {
  test('leaves plain words alone and quotes the rest', () => {
    expect(quote(['url', ':80', 'docker-run', '-e A=b x', "it's", ''])).toBe(
      `url :80 docker-run '-e A=b x' 'it'\\''s' ''`,
    );
  });

  test('spells control characters, so that showing a spec never acts on a terminal', () => {
    expect(quote(['\u001b[2J\u202e'])).toBe(String.raw`$'\u001b[2J\u202e'`);
  });

  test('gives bash the same words back', () => {
    const list = ['a b', "it's", '$HOME', '`id`', '\\', '\n', "\u001b'\\x", '*', '', '~', '!x', 'ü'];
    const out = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${quote(list)}`], {
      env: { LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(out.toString().split('\0').slice(0, -1)).toEqual(list);
  });
});

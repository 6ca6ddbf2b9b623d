import { expect, test } from 'vitest';
import { readDotenv } from './dotenv.ts';

const read = (text: string): Record<string, string> =>
  Object.fromEntries(
    readDotenv(text, { get: (name) => (name === 'HOME' ? '/root' : undefined), onUnset: () => undefined }),
  );

test('names, values, quotes, comments and references are read as compose reads them', () => {
  const text = [
    '# a comment',
    '',
    'A=1',
    '  export B = two words # not three',
    "C='$A # as it is'",
    'D="$A\\t${B}\\n\\"\\$A\\"" # quoted',
    'E="over',
    'two lines"',
    'F=',
    'G',
    'H=a#b',
    'I=${HOME}/x',
    'J: yaml-like',
    'K=$NONE.',
    'L=# nothing',
  ].join('\r\n');
  expect(read(text)).toEqual({
    A: '1',
    B: 'two words',
    C: '$A # as it is',
    D: '1\ttwo words\n"$A"',
    E: 'over\ntwo lines',
    F: '',
    G: '',
    H: 'a#b',
    I: '/root/x',
    J: 'yaml-like',
    K: '.',
    L: '',
  });
});

test.each([
  ['A=1\nwhat is this', 2],
  ["A='1'x", 1],
  ['=1', 1],
])('%j is refused with the number of its line', (text, line) => {
  expect(() => read(text)).toThrow(`line ${line} is not NAME=VALUE`);
});

import { describe, expect, test } from 'vitest';
import { interpolate } from './interpolate.ts';

const values: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', DOLLAR: '$A' };

function fill(text: string): { readonly result: string; readonly unset: string[] } {
  const unset: string[] = [];
  const result = interpolate(text, { get: (name) => values[name], onUnset: (name) => unset.push(name) });
  return { result, unset };
}

test.each([
  ['plain', 'plain'],
  ['$A ${A} x${A}y', 'a a xay'],
  ['$$A $${A} 100%$$', '$A ${A} 100%$'],
  ['${NONE:-b} ${EMPTY:-b} ${A:-b}', 'b b a'],
  ['${NONE-b} ${EMPTY-b} ${A-b}', 'b  a'],
  ['${NONE:+b} ${EMPTY:+b} ${A:+b}', '  b'],
  ['${NONE+b} ${EMPTY+b} ${A+b}', ' b b'],
  ['${NONE:-${EMPTY:-${A}}}', 'a'],
  ['${NONE:-a}b}', 'ab}'],
  ['${NONE:-}', ''],
  ['${A:?no} ${EMPTY?no}', 'a '],
  ['${DOLLAR}', '$A'],
])('%s becomes %s', (text, result) => {
  expect(fill(text)).toEqual({ result, unset: [] });
});

test('a variable that is not set is empty, and told', () => {
  expect(fill('x$NONE-${NOTHING}y')).toEqual({ result: 'x-y', unset: ['NONE', 'NOTHING'] });
});

describe('what is no variable', () => {
  test.each([
    ['${NONE:?set it: $A}', 'variable NONE is not set: set it: a'],
    ['${EMPTY:?}', 'variable EMPTY is not set; set it in the environment or in .env'],
    ['5$', 'a dollar sign stands alone'],
    ['$1', 'a dollar sign stands alone'],
    ['${A', 'is not closed'],
    ['${1A}', 'is no variable'],
    ['${A b}', 'is no variable'],
    ['${}', 'is no variable'],
    ['${A:-'.repeat(30) + '}'.repeat(30), 'go deeper than 16'],
  ])('%s is refused', (text, message) => {
    const lacking = text.startsWith('${A:-') ? text.replaceAll('A', 'NONE') : text;
    expect(() => fill(lacking)).toThrow(message);
  });
});

import { describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { expectYes, noMessage, yes } from './answer.ts';
import { frame } from './frame.ts';

const said = (answer: object): unknown => {
  try {
    expectYes(answer as Record<string, unknown>);
    return 'yes';
  } catch (error) {
    return error;
  }
};

describe('answers', () => {
  test('a refusal arrives with its code and its words', () => {
    const error = said(noMessage(new WormholeError('WH_ERR_POLICY', 'rule 3 – no')));
    expect(error).toMatchObject({ code: 'WH_ERR_POLICY', message: 'rule 3 – no' });
    expect(said(yes)).toBe('yes');
  });

  test('a code that this version does not know is an error of dialing', () => {
    for (const code of ['WH_ERR_OF_TOMORROW', 'constructor', '__proto__'])
      expect(said({ ok: false, code, message: 'x' })).toMatchObject({ code: 'WH_ERR_DIAL', message: 'x' });
  });

  test('what is neither yes nor no is a violation', () => {
    for (const answer of [{}, { ok: 'true' }, { ok: 1 }, { ok: false }, { ok: false, code: 5, message: 'x' }])
      expect(said(answer)).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
    expect(said({ ok: null, code: 'WH_ERR_DIAL', message: 'x' })).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });

  test('A22 whatever the words of a third party are, passing them on fits into a frame', () => {
    for (const character of ['\u0001', '\ud800', '"', '\\', '\u20ac', '\u2028', '\u{1f600}', '\u007f', 'x'])
      expect(frame(noMessage(new WormholeError('WH_ERR_DIAL', character.repeat(100_000)))).length).toBeLessThan(8_194);
  });

  test('nothing that a terminal obeys gets through', () => {
    const error = said({ ok: false, code: 'WH_ERR_DIAL', message: '\u001b[2J\u009b1m\r\nx' });
    expect(error).toMatchObject({ message: '?[2J?1m??x' });
  });
});

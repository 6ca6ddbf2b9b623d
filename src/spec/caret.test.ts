/** The drawing under a spec. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ErrorDetail, WormholeError } from '../lib/errors.ts';
import { renderCaret } from './caret.ts';

const draw = (words: readonly string[], detail: ErrorDetail): string =>
  renderCaret(words, new WormholeError('WH_ERR_SPEC_INVALID', 'no', { detail }));

describe('renderCaret', () => {
  test('draws the spec and a caret under the whole word', () => {
    expect(draw(['url', ':70000', 'docker-ns', 'db'], { word: ':70000', index: 1 })).toBe(
      'url :70000 docker-ns db\n    ^^^^^^',
    );
  });

  test('quotes words as a shell needs them and points at them all the same', () => {
    expect(draw(['label', 'a=b c', '', 'x'], { word: '', index: 2 })).toBe("label 'a=b c' '' x\n              ^^");
  });

  test('shows no password: not in an argument of docker-run, nor in one that cannot be read', () => {
    const at = { word: 'trigger', index: 0 };
    expect(draw(['trigger', 'docker-run', '-e A=hush shop'], at)).toContain('A=[redacted]');
    expect(draw(['trigger', 'docker-run=--env A=hush shop'], at)).toContain('A=[redacted]');
    for (const run of ['-e A=hush --bogus shop', '-e A=hush "shop', '-e A=hush']) {
      expect(draw(['trigger', 'docker-run', run], at)).not.toContain('hush');
      expect(draw(['trigger', `docker-run=${run}`], at)).not.toContain('hush');
    }
  });

  test('quotes what it shows of docker-run once', () => {
    const at = { word: 'docker-run', index: 0 };
    expect(draw(['docker-run', '--frobnicate web'], at)).toBe("docker-run '[redacted]'\n^^^^^^^^^^");
    expect(draw(['docker-run', '-e A=hush shop'], at)).toBe("docker-run '-e A=[redacted] shop'\n^^^^^^^^^^");
  });

  test('elides a long spec around the word', () => {
    const words = Array.from({ length: 200 }, (_, i) => `word${i}`);
    const [line = '', caret = ''] = draw(words, { word: 'word100', index: 100 }).split('\n');
    expect(line).toMatch(/^… word9\d .* word10\d …$/);
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line.slice(caret.indexOf('^'), caret.length)).toBe('word100');
  });

  test('shortens a word of 64 KiB', () => {
    const [line = '', caret = ''] = draw(['url', 'a'.repeat(65_536)], { word: 'a', index: 1 }).split('\n');
    expect(line).toMatch(/^url a{59}…$/);
    expect(caret).toBe(`    ${'^'.repeat(60)}`);
  });

  test('never draws a control character', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), fc.nat(), (words, n) => {
        const lines = draw(words, { word: '', index: n % words.length }).split('\n');
        expect(lines).toHaveLength(2);
        // oxlint-disable-next-line no-control-regex
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(lines[1]).toMatch(/^ *\^+$/);
      }),
    );
  });

  test('finds the word of a segment for errors of the planner', () => {
    const words = ['url', ':1', 'child', 'url=:2', 'mode', '600', 'tail', 'url', ':3'];
    const at = (detail: ErrorDetail): number => (draw(words, detail).split('\n')[1] ?? '').indexOf('^');
    expect(at({ word: 'url', segment: 0, part: 'head' })).toBe(0);
    expect(at({ word: 'url', segment: 1, part: 'head' })).toBe('url :1 child '.length);
    expect(at({ word: 'url', segment: 1, part: 'tail' })).toBe('url :1 child url=:2 mode 600 tail '.length);
    expect(at({ word: 'mode', segment: 1 })).toBe('url :1 child url=:2 '.length);
    expect(at({ word: 'idle', segment: 1 })).toBe('url :1 child url=:2 mode 600 '.length);
    expect(at({ word: 'idle', segment: 0 })).toBe(0);
  });

  test('draws nothing when the error does not say where', () => {
    expect(draw(['url', ':1'], {})).toBe('');
    expect(draw(['url', ':1'], { word: 'url', index: 7 })).toBe('');
    expect(draw([], { word: '', index: 0 })).toBe('');
    expect(draw(['nonsense'], { word: 'url', segment: 0 })).toBe('');
  });
});

/** The quick reader against the whole parser: whatever it accepts, both understand in the same way. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainLine as plainLineOf } from './command-line.ts';
import { parse as parseWith } from './program.ts';
import { verbTable } from './verb-table.ts';

const plainLine = (argv: readonly string[]) => plainLineOf(argv, verbTable);
const parse = (argv: readonly string[]) => parseWith(argv, verbTable);

const word = fc.oneof(
  fc.constantFrom(
    'ping',
    '-H',
    '--host',
    '-K',
    '--key-file',
    '--socket',
    '--json',
    '-v',
    '--verbose',
    '--',
    '-',
    '-h',
    '-V',
    '-Hx',
    '--host=x',
    '-vH',
    'db',
    '',
  ),
  fc.string({ maxLength: 4 }),
);

describe('plainLine', () => {
  test('a ping that it understands, the parser understands in the same way', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 4 }),
        fc.boolean(),
        fc.array(word, { maxLength: 1 }),
        (before, bare, after) => {
          const argv = [...(bare ? [] : before), 'ping', ...after];
          const line = plainLine(argv);
          if (line === undefined) return;
          accepted += 1;
          expect(parse(argv)).toEqual(line);
        },
      ),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test.each([
    [['ping'], [], {}],
    [['ping', 'db-host'], ['db-host'], {}],
    [['--json', '-v', 'ping'], [], { json: true, verbose: true }],
    [['-H', 'a', '-K', 'k', '--socket', 's', 'ping'], [], { host: 'a', keyFile: 'k', socket: 's' }],
    [['-H', 'a', '--host', 'b', 'ping'], [], { host: 'b' }],
  ])('%j needs no parser', (argv, words, flags) => {
    expect(plainLine(argv)).toMatchObject({ kind: 'call', verb: { name: 'ping' }, words, flags });
    expect(parse(argv)).toEqual(plainLine(argv));
  });

  test('completion needs no parser, and its words are not options', () => {
    const argv = ['__complete', '--', '--json', '-h', ''];
    expect(plainLine(argv)).toMatchObject({ verb: { name: '__complete' }, words: ['--json', '-h', ''], flags: {} });
    expect(parse(argv)).toEqual(plainLine(argv));
  });

  test.each([
    [['ls']],
    [['ping', '-v']],
    [['ping', 'a', 'b']],
    [['-H']],
    [['-h', 'ping']],
    [['--', 'ping']],
    [['constructor', 'ping']],
  ])('%j is left to the parser', (argv) => {
    expect(plainLine(argv)).toBeUndefined();
  });
});

describe('parse', () => {
  test('options stand before the verb or behind it', () => {
    const expected = { kind: 'call', flags: { json: true, host: 'a' } };
    expect(parse(['--json', '-H', 'a', 'ls'])).toMatchObject(expected);
    expect(parse(['ls', '--json', '-H', 'a'])).toMatchObject(expected);
    expect(parse(['-H', 'b', 'ls', '--json', '-Ha'])).toMatchObject(expected);
  });

  test.each(['create', 'explain'])('everything behind the first word of %s is a word of the spec', (verb) => {
    const spec = ['url', ':1', 'docker-run', '--rm -p 1:2 image', '--json', '-h', '--', '-H', 'x', '--bogus'];
    expect(parse([verb, ...spec])).toMatchObject({ words: spec, flags: {} });
    expect(parse([verb, '--json', '-H', 'h', ...spec])).toMatchObject({
      words: spec,
      flags: { json: true, host: 'h' },
    });
    expect(parse([verb, '--', ...spec])).toMatchObject({ words: spec, flags: {} });
    expect(parse([verb, '--', '--json'])).toMatchObject({ words: ['--json'], flags: {} });
    expect(parse([verb, '--rm', 'url', ':1'])).toMatchObject({ words: ['--rm', 'url', ':1'], flags: {} });
  });

  test('a verb answers to its alias', () => {
    expect(parse(['list'])).toMatchObject({ verb: { name: 'ls' } });
  });
});

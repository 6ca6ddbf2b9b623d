/** Rule: each file says what it is, is short, has a name of the lexicon, and starts no shell. */
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, shipped, sources, stripComments } from './tree.ts';

/** Lines; the median is far below. */
const lengthLimit = 250;

/** Words that say nothing about what a file does; docs/lexicon.md. */
const avoided = /(^|[-.])(managers?|helpers?|contexts?|handlers?|utils?)([-.]|$)/;

const all = (): string[] => sources('src', 'test', 'scripts', 'bench', 'examples');

/** What may stand before the module header. */
const preamble = /^(#!.*\n)?/;

describe('the shape of a file', () => {
  test('every source opens with a module header', () => {
    // A unit test stands beside the file it is about, and is named after it; that is header enough.
    const headed = all().filter((path) => !(path.startsWith('src/') && path.endsWith('.test.ts')));
    const bare = headed.filter((path) => !read(path).replace(preamble, '').startsWith('/**'));
    expect(bare).toEqual([]);
  });

  test(`no file is longer than ${lengthLimit} lines`, () => {
    const long = all()
      .map((path) => [path, read(path).trimEnd().split('\n').length] as const)
      .filter(([, lines]) => lines > lengthLimit);
    expect(long).toEqual([]);
  });

  test('no file is named manager, helper, context, handler or util', () => {
    expect(all().filter((path) => avoided.test(basename(path)))).toEqual([]);
  });

  test('nothing that is left to do hides in a comment', () => {
    const marks = /\b(TO[D]O|FIX[M]E|XX[X])\b/; // bracketed, so that this file passes
    expect(all().filter((path) => marks.test(read(path)))).toEqual([]);
  });

  test('nothing is executed through a shell', () => {
    const shell = /\bshell\s*:(?!\s*false)|['"](\/bin\/)?(ba|da|)sh['"]\s*,\s*\[\s*['"]-c/;
    const runsShell = /import\s*{[^}]*\bexec(Sync)?\b[^}]*}\s*from\s*['"](node:)?child_process['"]/;
    const whole = /import\s*(\*\s*as\s+)?\w+\s*from\s*['"](node:)?child_process['"]/;
    const wrong = shipped().filter((path) => {
      const text = stripComments(read(path));
      return shell.test(text) || runsShell.test(text) || whole.test(text);
    });
    expect(wrong).toEqual([]);
  });

  test('no source uses what only erases at a cost: enum, namespace, parameter properties', () => {
    const wrong = shipped().filter((path) =>
      /^\s*(export )?(const )?(enum|namespace) \w+/m.test(stripComments(read(path))),
    );
    expect(wrong).toEqual([]);
  });
});

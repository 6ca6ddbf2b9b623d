/** Rule: every sentence that a document shows is one that the language has, in the README and elsewhere. */
import { describe, expect, test } from 'vitest';
import { parse, plan } from '../../src/spec/spec.ts';
import { filesUnder, read } from './tree.ts';

/** Sentences of the code blocks of a page, without prompt, comment and shell's line continuation. */
function sentences(page: string): string[] {
  const blocks = read(page).match(/```[\s\S]*?```/g) ?? [];
  return blocks.flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => /^\s*(?:\$ |sudo )?(?:\.\/)?wormhole create (.+)$/.exec(line)?.[1] ?? '')
      .map((words) => words.replace(/\s+#.*$/, '').trim())
      .filter((words) => words !== '' && !/[…'"]|SPEC/.test(words)),
  );
}

const planOf = (sentence: string) => plan(parse(sentence.replaceAll(/\$(\w+)/g, '$1').split(/\s+/)));

describe('sentences', () => {
  const shown = sentences('README.md');

  test('the README shows a good number of them', () => {
    expect(shown.length).toBeGreaterThan(6);
  });

  test.each(shown)('the README shows one that is in the language: %s', (sentence) => {
    expect(() => planOf(sentence)).not.toThrow();
  });

  const others = filesUnder('docs')
    .filter((path) => path.endsWith('.md'))
    .flatMap((page) => sentences(page).map((sentence) => [page, sentence] as const));

  test.each(others)('%s shows one that is in the language: %s', (_page, sentence) => {
    expect(() => planOf(sentence)).not.toThrow();
  });
});

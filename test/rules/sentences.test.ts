/** Rule: every sentence and command line that a document shows is one that there is, in the README and elsewhere. */
import { describe, expect, test } from 'vitest';
import { parse as parseCommandLine } from '../../src/cli/program.ts';
import { verbTable } from '../../src/cli/verb-table.ts';
import { splitWords } from '../../src/spec/shell.ts';
import { parse, plan } from '../../src/spec/spec.ts';
import { filesUnder, read } from './tree.ts';

/** Command lines of the code blocks of a page, without prompt, comment, pipe and shell's line continuation. */
function commandLines(page: string): string[] {
  const text = read(page).replaceAll(/\\\n\s*/g, '');
  const fenced = [...text.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? '');
  const indented = text.replaceAll(/```[\s\S]*?```/g, '').match(/^ {4}\S.*$/gm) ?? [];
  return [...fenced, ...indented]
    .join('\n')
    .split('\n')
    .map((line) => /^\s*(?:[a-z]*\$ +|sudo )?(?:\.\/)?wormhole (\S.*)$/.exec(line)?.[1] ?? '')
    .map((words) =>
      words
        .replace(/\s+#.*$/, '')
        .replace(/ [|<>].*$/, '')
        .trim(),
    )
    .filter((words) => words !== '' && !/…|SPEC/.test(words));
}

/** Variables of the shell stand for a name. */
const wordsOf = (line: string): string[] => splitWords(line.replaceAll(/\$(\w+)/g, '$1'));

const pages = ['README.md', 'SECURITY.md', ...filesUnder('docs').filter((path) => path.endsWith('.md'))];
const shown = pages.flatMap((page) => commandLines(page).map((line) => [page, line] as const));
const sentences = shown.filter(([, line]) => /^(?:create|explain) /.test(line));

describe('sentences', () => {
  test('the README shows a good number of them, and other pages do, too', () => {
    expect(sentences.filter(([page]) => page === 'README.md').length).toBeGreaterThan(6);
    expect(new Set(sentences.map(([page]) => page)).size).toBeGreaterThan(4);
  });

  test.each(shown)('%s shows a command line that is understood: wormhole %s', (_page, line) => {
    expect(parseCommandLine(wordsOf(line), verbTable).kind).toBe('call');
  });

  // docs/cli.md shows one that is refused, and src/cli/docs.test.ts how.
  test.each(sentences.filter(([, line]) => !line.includes('url 3306 ')))(
    '%s shows one that is in the language: %s',
    (_page, line) => {
      expect(() => plan(parse(wordsOf(line).slice(1)))).not.toThrow();
    },
  );
});

/** Holds docs/grammar.md to the parser: every word is there, every example does what its block says. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { runFlagNames, runFlags, spellings } from './run-flags.ts';
import { splitWords } from './shell.ts';
import { explain, format, parse, plan } from './spec.ts';
import { argumentOf, isWord, roleOf, type Word, wordTable } from './words.ts';

const page = readFileSync(new URL('../../docs/grammar.md', import.meta.url), 'utf8');
const words = Object.keys(wordTable).filter(isWord);

/** The text of all fenced blocks of one kind. */
function fenced(kind: string): string {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${kind}\n([^]*?)^\`\`\`$`, 'gm'));
  return Array.from(blocks, ([, text = '']) => text).join('');
}

/** Their lines, without the `# comment`. */
function block(kind: string): string[] {
  const lines = fenced(kind).trim().split('\n');
  return lines.map((line) => line.replace(/\s+# .*$/, '').trim());
}

const ebnf = fenced('ebnf');

describe('docs/grammar.md', () => {
  test.each(words)('has %s in its EBNF', (word: Word) => {
    const line = ebnf.split('\n').find((one) => one.includes(`"${word}"`)) ?? '';
    expect(line).not.toBe('');
    const argument = argumentOf(word);
    if (argument !== undefined && !argument.includes('|')) expect(line).toContain(`"${word}" ${argument}`);
    for (const choice of argument?.split('|') ?? []) expect(ebnf).toContain(choice);
  });

  test('names no word in its EBNF that the parser does not know', () => {
    const [rules = ''] = ebnf.split(/^URL /m);
    const values = new Set(
      Object.values(wordTable).flatMap((row) => ('argument' in row ? row.argument.split('|') : [])),
    );
    const quoted = Array.from(rules.matchAll(/"([a-z0-9-]+)"/g), ([, word = '']) => word);
    expect(
      quoted.filter((word) => !isWord(word) && !values.has(word) && !['stop', 'pause', 'remove'].includes(word)),
    ).toEqual([]);
  });

  test.each(block('spec'))('example parses, plans and explains: %s', (line) => {
    const chain = parse(splitWords(line));
    expect(parse(format(chain))).toEqual(chain);
    expect(explain(plan(chain)).length).toBeGreaterThan(1);
  });

  test.each(block('refused'))('example is refused: %s', (line) => {
    const attempt = (): unknown => plan(parse(splitWords(line)));
    expect(attempt).toThrow(WormholeError);
  });

  test('lists every flag of docker-run with its spellings and its value, and no other', () => {
    const [, section = ''] = page.split('## docker-run\n');
    const rows = [...section.matchAll(/^\| ((?:`--?[a-z-]+` ?)+)\| (?:`(.*?)` )?\| (\*more\*; )?.+\.[^|]* \|$/gm)];
    const listed = rows.map(([, names = '', value, more]) => ({
      names: names.trim().replaceAll('`', ''),
      value: value?.replaceAll('\\', ''),
      more: more !== undefined,
    }));
    const table = runFlagNames.map((name) => ({
      names: spellings(name).join(' '),
      value: runFlags[name].value,
      more: runFlags[name].many === true,
    }));
    expect(listed).toEqual(table);
  });

  test('tells of every option what it does, and of no other', () => {
    const [, section = ''] = page.split('## Options\n');
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` `\S+` \| .+\. \|$/gm)];
    const options = words.filter((word) => ['head', 'tail'].includes(roleOf(word)));
    expect(rows.map(([, word]) => word)).toEqual(options);
  });

  test('uses every word of the language in an example that works', () => {
    const used = new Set(block('spec').flatMap((line) => splitWords(line)));
    expect(words.filter((word) => !used.has(word))).toEqual([]);
  });
});

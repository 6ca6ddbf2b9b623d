/** Rule: docs/cli.md knows every command, option and variable, and what pages show of the command line is what it does. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/cli-run.ts';
import { splitWords } from '../spec/shell.ts';
import { spellings } from './partial-line.ts';
import { helpOf, parse } from './program.ts';
import { specWords } from './spec-vocabulary.ts';
import { verbTable } from './verb-table.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const { verbs, commonOptions } = verbTable;
const visible = verbs.filter(({ hidden }) => !hidden);

/** The text under a command's heading. */
function section(name: string): string {
  return new RegExp(`^### ${name}\\b.*\\n([\\s\\S]*?)(?=^##)`, 'm').exec(page)?.[0] ?? '';
}

describe('docs/cli.md', () => {
  test.each(visible)('has $name with its operands, alias and options', ({ name, alias, operands, options }) => {
    expect(section(name)).toContain(`### ${name} ${operands.replaceAll(/[<>]/g, '')}`.trimEnd());
    for (const option of options.flatMap(spellings)) expect(section(name)).toContain(`\`${option}`);
    if (alias !== undefined) expect(section(name)).toContain(`\`${alias}\``);
  });

  test('has no command that does not exist', () => {
    const named = [...page.matchAll(/^### (\S+)/gm)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(visible.map(({ name }) => name)));
  });

  test.each(commonOptions)('has $flags', (row) => {
    for (const spelling of spellings(row)) expect(page).toContain(`\`${spelling}`);
    if (row.env !== undefined) expect(page).toContain(`\`${row.env}\``);
  });

  test('its prompts are command lines, and so are the examples of help', () => {
    const prompts = [...page.matchAll(/^\$ wormhole (.*)$/gm)].map(([, line]) => line ?? '');
    const examples = visible.flatMap((row) =>
      row.examples.map((line) => /wormhole ([^|)]*)/.exec(line)?.[1]?.trim() ?? ''),
    );
    expect(prompts.length).toBeGreaterThan(3);
    for (const line of [...prompts, ...examples]) expect(parse(line.split(' '), verbTable).kind).toBe('call');
  });

  test('help of create has every word of the language', () => {
    const help = helpOf(verbTable, verbTable.find('create'));
    for (const word of specWords()) expect(help).toMatch(new RegExp(`^ {2}${word} `, 'm'));
  });
});

/** A failure as a page shows it: its line, the words, and the carets under one of them. */
const drawn = /^(wormhole: .+)\n( {2}(.+))\n( +\^+)$/gm;

const drawings = ['cli', 'grammar'].flatMap((name) => {
  const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  return [...text.matchAll(drawn)].map(([all, , , words = '']) => [name, words, all] as const);
});

describe('failures that pages show', () => {
  test('are found', () => {
    expect(new Set(drawings.map(([name]) => name))).toEqual(new Set(['cli', 'grammar']));
  });

  test.each(drawings)('%s.md: %s is refused in these words', async (_name, words, shown) => {
    const { stderr } = await runCli(['explain', ...splitWords(words)]);
    const literally = shown.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.+');
    expect(stderr.trimEnd()).toMatch(new RegExp(`^${literally}$`));
  });
});

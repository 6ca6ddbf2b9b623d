/** Rule: docs/cli.md has every option of the daemon, with its short form and its default, and no other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadSchemas } from '../schema/schema.ts';
import { optionsOf } from './options.ts';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const section = /^## The daemon\n([\s\S]*?)(?=^## )/m.exec(page)?.[1] ?? '';
const rows = section.split('\n').filter((line) => line.startsWith('| `-'));
const { config } = loadSchemas();
const options = optionsOf(config).filter(({ fileOnly }) => !fileOnly);
const rowOf = (key: string): string => rows.find((row) => row.includes(`\`--${key}`)) ?? '';

test.each(options)('docs/cli.md has --$key of the daemon', ({ key, flag, metavar, fallback }) => {
  const option = `--${key} ${metavar}`;
  expect(rowOf(key)).toContain(flag === undefined ? `| \`${option}\`` : `| \`-${flag}\`, \`${option}\``);
  const [only] = Array.isArray(fallback) ? (fallback as unknown[]) : [fallback];
  if (typeof only === 'string') expect(rowOf(key)).toContain(`\`${only}\``);
});

test('docs/cli.md has no option that the daemon has not', () => {
  const own = ['config', 'user-mode', 'print-config', 'version', 'help'];
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`--([a-z-]+)/g)].map(([, key]) => key));
  expect(new Set(named)).toEqual(new Set([...options.map(({ key }) => key), ...own]));
});

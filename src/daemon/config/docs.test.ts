/** Rule: docs/cli.md has every option of the daemon and no other, and what pages show of settings and labels is understood. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesUnder } from '../../../test/rules/tree.ts';
import { defaultPolicy } from '../../spec/policy-shape.ts';
import { splitWords } from '../../spec/shell.ts';
import { readLabel } from '../declared/label.ts';
import { loadSchemas } from '../schema/schema.ts';
import { loadConfig } from './load.ts';
import { optionsOf } from './options.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const page = read('docs/cli.md');
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

const directory = mkdtempSync(join(tmpdir(), 'wormhole-docs-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What the daemon makes of these arguments. */
async function load(argv: readonly string[]): Promise<unknown> {
  const loaded = await loadConfig(config, argv, { HOME: '/home/me' }, '1.2.3');
  return 'print' in loaded ? loaded.print : loaded.settings;
}

async function loadFile(text: string): Promise<unknown> {
  const path = join(directory, 'wormholed.yaml');
  writeFileSync(path, text);
  return await load(['--config', path]);
}

const pages = ['README.md', 'SECURITY.md', ...filesUnder('docs').filter((path) => path.endsWith('.md'))];

/** All that `pattern` finds, with the page that it stands on. */
const shown = (pattern: RegExp) =>
  pages.flatMap((path) => [...read(path).matchAll(pattern)].map(([, ...found]) => [path, ...found] as const));

const files = shown(/^```yaml\n([\s\S]*?)^```$/gm);
const calls = shown(/wormholed ((?:-[^`\n)]+?))(?=[`\n)]|\s+#)/g).filter(([, words]) => !/FILE|\S=/.test(words ?? ''));
const labels = shown(/-l '(dev\.wormhole\.[\w.]+)=([^']+)'/g);

test('pages show settings, command lines and labels', () => {
  expect([files.length > 2, calls.length > 3, labels.length > 2]).toEqual([true, true, true]);
});

test.each(files)('%s shows a file of settings that is accepted: %s', async (_path, text = '') => {
  await loadFile(text);
});

test('the policy that docs/peers.md shows for all others is the one in force without any', () => {
  const policies = files
    .map(([, text = '']) => parse(text) as { policy?: unknown })
    .flatMap(({ policy }) => policy ?? []);
  expect(policies).toEqual([defaultPolicy]);
});

test.each(calls)('%s shows a command line that is accepted: wormholed %s', async (_path, words = '') => {
  await load(splitWords(words).filter((word) => word !== '--config' && !word.startsWith('/')));
});

test.each(labels)('%s shows a label that is accepted: %s=%s', (_path, key = '', value = '') => {
  const words = readLabel(key, value, { id: 'c0ffee'.padEnd(64, '0'), name: 'web' }, ['loopback']);
  expect(words).toContain('docker-ns');
});

test('etc/wormholed.yaml shows settings that are accepted', async () => {
  const lines = read('etc/wormholed.yaml').split('\n');
  const settings = lines.flatMap((line) => /^# ((?: {2}.*|[a-z-]+: .*))$/.exec(line)?.[1] ?? []);
  await loadFile(settings.join('\n').replace('peers: {}', 'peers:'));
});

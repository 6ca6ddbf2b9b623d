/**
 * `make install` into a folder, as a packager runs it: what lands there runs, and `make uninstall` takes it away.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { specWords } from '../../src/cli/spec-vocabulary.ts';
import { verbTable } from '../../src/cli/verb-table.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('make install', () => {
  let dest: string;
  const make = (target: string) =>
    run('make', ['--no-print-directory', target, `DESTDIR=${dest}`, 'PREFIX=/usr', `NODE=${process.execPath}`], {
      cwd: root,
    });

  beforeAll(async () => {
    dest = mkdtempSync(join(tmpdir(), 'wormhole-install-'));
    await make('install');
  });
  afterAll(() => rmSync(dest, { recursive: true, force: true }));

  test('installs programs that run with the packages installed beside them', async () => {
    const words = ['explain', '--json', 'url', ':5432', 'tail', 'url', ':5433'];
    const { stdout } = await run(join(dest, 'usr/bin/wormhole'), words, { cwd: '/' });
    expect(JSON.parse(stdout)).toHaveProperty('segment');
    const version = await run(join(dest, 'usr/bin/wormholed'), ['--version'], { cwd: '/' });
    expect(version.stdout).toMatch(/^\S*\s*\d+\.\d+\.\d+/);
  });

  test('installs what runs and nothing that only development needs', () => {
    const packages = readdirSync(join(dest, 'usr/lib/wormhole/node_modules'));
    expect(packages).toContain('koffi');
    expect(packages.filter((name) => ['typescript', 'vitest', 'typebox', 'knip', '.bin'].includes(name))).toEqual([]);
  });

  test('installs a unit that names the installed programs', () => {
    const unit = readFileSync(join(dest, 'usr/lib/systemd/system/wormholed.service'), 'utf8');
    expect(unit).toContain('ExecStart=/usr/bin/wormholed --config /etc/wormhole/wormholed.yaml');
    expect(unit).not.toMatch(/@[A-Z]+@/);
  });

  test('installs completions for three shells', () => {
    const paths = [
      'bash-completion/completions/wormhole',
      'zsh/site-functions/_wormhole',
      'fish/vendor_completions.d/wormhole.fish',
    ];
    for (const path of paths) expect(statSync(join(dest, 'usr/share', path)).size).toBeGreaterThan(100);
  });

  test('installs manual pages that know every command, option and setting, and that groff has nothing to say about', async () => {
    const page = (path: string): string => readFileSync(join(dest, 'usr/share/man', path), 'utf8');
    const words = (path: string): string =>
      page(path)
        .replaceAll(/\\f[BIR]/g, '')
        .replaceAll('\\-', '-');
    const user = words('man1/wormhole.1');
    for (const { name, hidden, options } of verbTable.verbs) {
      if (hidden) continue;
      expect(user).toContain(`\n.TP\n${name}`);
      for (const { flags } of options) expect(user).toContain(`\n.TP\n${flags.replaceAll(/[<>]/g, '')}\n`);
    }
    for (const { flags } of verbTable.commonOptions)
      expect(user).toContain(`\n.TP\n${flags.replaceAll(/[<>]/g, '')}\n`);
    for (const word of specWords()) expect(user).toContain(`\n  ${word}`);
    const system = words('man8/wormholed.8');
    const { stdout: help } = await run(join(dest, 'usr/bin/wormholed'), ['--help'], { cwd: '/' });
    for (const [, long] of help.matchAll(/^ {2}.{4}(--[a-z-]+)/gm)) expect(system).toContain(long);
    for (const key of ['peers', 'policy']) expect(system).toContain(`\n.TP\n${key}\n`);
    const groff = await run('sh', ['-c', 'command -v groff']).catch(() => undefined);
    if (groff === undefined) return console.log('the manual pages are not set: there is no groff');
    for (const path of ['man1/wormhole.1', 'man8/wormholed.8']) {
      const { stderr } = await run('groff', ['-man', '-Tutf8', '-ww', '-z', join(dest, 'usr/share/man', path)]);
      expect(stderr).toBe('');
    }
  });

  test('keeps a configuration that is there, and uninstall leaves it', async () => {
    const config = join(dest, 'etc/wormhole/wormholed.yaml');
    appendFileSync(config, '# mine\n');
    await make('install');
    expect(readFileSync(config, 'utf8')).toContain('# mine');
    await make('uninstall');
    expect(existsSync(config)).toBe(true);
    const left = readdirSync(dest, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(left.map(({ name }) => name)).toEqual(['wormholed.yaml']);
  });
});

/**
 * `make install` into a folder, as a packager runs it: what lands there runs, and `make uninstall` takes it away.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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

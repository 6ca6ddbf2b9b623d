/** Rule: the installed files under etc/ are sane, and the unit grants what it explains and nothing else. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesUnder, read } from './tree.ts';

const unit = read('etc/wormholed.service');

/** All values of a directive, in order. */
function values(name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');
}

const analyzer = '/usr/bin/systemd-analyze';

describe('etc/wormholed.service', () => {
  test('tells systemd when it is ready, and stops the daemon alone', () => {
    expect(values('Type')).toEqual(['notify']);
    expect(values('KillMode')).toEqual(['process']);
  });

  test('explains every capability that it grants, and grants every one that it explains', () => {
    const granted = values('CapabilityBoundingSet').flatMap((value) => value.split(' '));
    const explained = [...unit.matchAll(/^# {3}(CAP_[A-Z_]+) {2,}\S/gm)].map(([, name]) => name ?? '');
    expect(granted.length).toBeGreaterThan(0);
    expect(granted.toSorted()).toEqual(explained.toSorted());
  });

  test.each([
    'PrivateNetwork',
    'PrivateTmp',
    'PrivateUsers',
    'ProtectHome',
    'ProtectProc',
    'MemoryDenyWriteExecute',
    'User',
  ])('does not set %s, which would keep it from namespaces, sockets or its own compiler', (name) => {
    expect(values(name)).toEqual([]);
  });

  test('does not set RestrictSUIDSGID, under which openat2(2) does not exist', () => {
    expect(values('RestrictSUIDSGID')).toEqual([]);
  });

  test('lets setns(2) into network namespaces through, and no other kind', () => {
    expect(values('RestrictNamespaces')).toEqual(['net']);
  });

  test('keeps the socket directory, the state and the configuration where the daemon looks for them', () => {
    expect(values('RuntimeDirectory')).toEqual(['wormhole']);
    expect(values('StateDirectory')).toEqual(['wormhole']);
    expect(values('ConfigurationDirectory')).toEqual(['wormhole']);
  });

  test.skipIf(!existsSync(analyzer))(
    `is accepted by systemd-analyze verify (skipped where ${analyzer} is missing)`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'wormhole-unit-'));
      try {
        const file = join(folder, 'wormholed.service');
        // A program that exists, because verify looks for it.
        const filled = unit.replaceAll(/^ExecStart=\S+/gm, 'ExecStart=/bin/true').replaceAll(/@\w+@/g, '/etc');
        writeFileSync(file, filled);
        const complaints = execFileSync(analyzer, ['verify', '--man=no', file], { encoding: 'utf8', stdio: 'pipe' });
        expect(complaints).toBe('');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  test('leaves no placeholder that the installation does not fill', () => {
    const install = read('scripts/install.sh');
    const placeholders = new Set(filesUnder('etc').flatMap((path) => read(path).match(/@[A-Z]+@/g) ?? []));
    expect([...placeholders].filter((name) => !install.includes(name))).toEqual([]);
  });
});

describe('etc/wormholed.yaml', () => {
  const text = read('etc/wormholed.yaml');
  const shown = parse([...text.matchAll(/^# ([a-z-]+: .+)$/gm)].map(([, line]) => line).join('\n')) as object;

  test('changes nothing as it is', () => {
    expect(parse(text)).toBeNull();
  });

  test('shows the defaults that are in force, of settings that exist', () => {
    const known = settings();
    const inForce = Object.fromEntries(Object.keys(shown).map((name) => [name, known[name]?.default]));
    expect(Object.keys(shown).length).toBeGreaterThan(5);
    expect(shown).toEqual(inForce);
  });
});

/** The daemon's settings by name, as the daemon itself reads them. */
function settings(): Readonly<Record<string, { readonly default?: unknown }>> {
  return (JSON.parse(read('src/spec/schemas.json')) as { config: { properties: ReturnType<typeof settings> } }).config
    .properties;
}

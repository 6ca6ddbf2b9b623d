/** Rule: what is installed is what was reviewed: exact versions, checksums, no install scripts, each with its reason. */
import { describe, expect, test } from 'vitest';
import { read } from './tree.ts';

interface Locked {
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly license?: string;
}

const manifest = JSON.parse(read('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};
const atRunTime = { ...manifest.dependencies, ...manifest.optionalDependencies };
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };

describe('supply', () => {
  test('A34: no install script runs, neither ours nor of a package', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
    expect(read('scripts/install-deps.sh')).toContain('ci --ignore-scripts');
    expect(Object.keys(manifest.scripts).filter((name) => /install|prepare/.test(name))).toEqual([]);
  });

  test('A34: every package that runs in production has its checksum in the lock file', () => {
    const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    expect(shipped.length).toBeGreaterThan(Object.keys(atRunTime).length);
    expect(shipped.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true)).toEqual([]);
  });

  test('versions are exact', () => {
    const ranges = Object.entries({ ...atRunTime, ...manifest.devDependencies });
    expect(ranges.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('docs/dependencies.md has a row with version and licence for every dependency at run time, and for no other', () => {
    const upTo = read('docs/dependencies.md').split('## Looked at')[0] ?? '';
    const rows = [...upTo.matchAll(/^\| \[([@\w/-]+)\]\(\S+\) (\d+) \| .+? \| (\S+) \|/gm)].map(
      ([, name, major, licence]) => `${name} ${major}, ${licence}`,
    );
    const known = Object.entries(atRunTime).map(
      ([name, version]) => `${name} ${version.split('.')[0]}, ${packages[`node_modules/${name}`]?.license}`,
    );
    expect(new Set(rows)).toEqual(new Set(known));
  });

  test('docs/dependencies.md names every package of development', () => {
    const [, named = ''] = /^Only development loads: ([^]*?)\n\n/m.exec(read('docs/dependencies.md')) ?? [];
    const packages = Object.keys(manifest.devDependencies).map((name) =>
      name.replace(/^(@types)\/.*|^@biomejs\//, '$1'),
    );
    expect(packages.filter((name) => !named.includes(name))).toEqual([]);
  });
});

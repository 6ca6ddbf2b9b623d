/** Rule: imports point one way (docs/lexicon.md has the words, CONTRIBUTING.md the picture), and fences hold. */
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, read, shipped } from './tree.ts';

/** Folder of src/ → the other folders of src/ it may import at run time. `spec` and `lib` are open to everybody. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  spec: [],
  sys: [],
  client: [],
  cli: ['client', 'agent'],
  docker: [],
  proxy: ['sys'],
  carrier: ['sys'],
  tunnel: ['sys'],
  agent: ['client', 'carrier', 'proxy', 'sys'],
  daemon: ['proxy', 'carrier', 'tunnel', 'docker', 'client', 'sys'],
};

/** Packages that exactly one folder may import: everything that is known about them stays there. */
const fenced: Readonly<Record<string, string>> = {
  koffi: 'src/sys/',
  dockerode: 'src/docker/',
  '@matrixai/quic-linux-x64': 'src/carrier/quic/',
};

/** Files that stand for the build, not for a running program. */
const schemaSources = new Set([
  'src/spec/api.ts',
  'src/spec/api-wormhole.ts',
  'src/spec/api-peer.ts',
  'src/spec/api-tunnel.ts',
  'src/spec/api-invitation.ts',
  'src/daemon/config-schema.ts',
]);

const folderOf = (path: string): string => path.split('/')[1] ?? '';

function violations(allowed: (path: string, imported: Import) => boolean): string[] {
  return shipped().flatMap((path) =>
    importsOf(path)
      .filter((imported) => !allowed(path, imported))
      .map((imported) => `${path} imports ${imported.specifier}`),
  );
}

describe('layering', () => {
  test('every folder of src has its place in the order', () => {
    const unknown = new Set(shipped().map(folderOf));
    for (const known of Object.keys(mayImport)) unknown.delete(known);
    expect([...unknown]).toEqual([]);
  });

  test('imports point one way: cli → client → spec, daemon → the parts, parts → sys, anyone → spec and lib', () => {
    const wrong = violations((path, { file, typeOnly }) => {
      if (file === undefined || typeOnly) return true;
      const from = folderOf(path);
      const to = folderOf(file);
      return to === from || to === 'lib' || (to === 'spec' && from !== 'lib') || (mayImport[from] ?? []).includes(to);
    });
    expect(wrong).toEqual([]);
  });

  test('the picture in CONTRIBUTING.md is this order', () => {
    const arrows = [...read('CONTRIBUTING.md').matchAll(/^([a-z, ]+) ──► ([a-z, ]+?)(?: {2}.*)?$/gm)];
    const drawn = arrows.flatMap(([, from = '', to = '']) =>
      from.split(', ').map((folder) => [folder, to.split(', ').toSorted()] as const),
    );
    const allowed = Object.entries(mayImport).map(([folder, others]) => [folder, others.toSorted()] as const);
    expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(allowed.filter(([, others]) => others.length > 0)));
  });

  test('types, too, never point from a leaf to what stands on it', () => {
    const leaves = new Set(['lib', 'spec', 'sys']);
    const wrong = violations((path, { file }) => {
      if (file === undefined || !leaves.has(folderOf(path))) return true;
      return leaves.has(folderOf(file)) && !(folderOf(path) === 'lib' && folderOf(file) !== 'lib');
    });
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(fenced))('%s is imported under %s and nowhere else', (name, folder) => {
    const wrong = violations((path, { specifier }) => {
      const same = specifier === name || specifier.startsWith(`${name}/`);
      return !same || path.startsWith(folder);
    });
    expect(wrong).toEqual([]);
  });

  test('no program loads typebox: the schema sources are imported for their types only', () => {
    const wrong = violations((path, { specifier, file, typeOnly }) => {
      if (specifier === 'typebox' || specifier.startsWith('typebox/')) return schemaSources.has(path);
      return file === undefined || !schemaSources.has(file) || typeOnly || schemaSources.has(path);
    });
    expect(wrong).toEqual([]);
  });

  test('every import of another file names it with its .ts extension', () => {
    const wrong = violations((_path, { file }) => file === undefined || /\.(ts|json)$/.test(file));
    expect(wrong).toEqual([]);
  });
});

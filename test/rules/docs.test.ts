/** Rule: what the documents point at exists: links, files of the life of a connection, commands of the README. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesUnder, read, root } from './tree.ts';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...filesUnder('docs'),
].filter((path) => path.endsWith('.md'));

/** Text outside of code blocks and code spans, where brackets mean links. */
const prose = (text: string): string => text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');

/** As the forges make them from a heading. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => heading ?? '');
  return new Set(headings.map((heading) => slug(heading)));
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

describe('documents', () => {
  test('every link to a page, a file or a heading of the repository leads somewhere', () => {
    const broken = pages.flatMap((page) => {
      const links = [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
      return links.filter((link) => !/^[a-z]+:/.test(link) && !resolves(page, link)).map((link) => `${page} → ${link}`);
    });
    expect(broken).toEqual([]);
  });

  test('every file that the life of a connection names exists', () => {
    const text = read('docs/life-of-a-connection.md');
    const named = [...text.matchAll(/`((?:src|test|docs|etc|bench|scripts)\/[\w./-]+)`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('the life of a connection passes every folder of the data plane', () => {
    const text = read('docs/life-of-a-connection.md');
    const stations = ['src/cli/', 'src/client/', 'src/spec/', 'src/daemon/', 'src/proxy/', 'src/sys/', 'src/docker/'];
    expect(stations.filter((folder) => !text.includes(folder))).toEqual([]);
  });

  test('every method of the client stands in the page of the library, and no other', () => {
    const methods = [...read('src/client/client.ts').matchAll(/^ {2}(?:async )?([a-z]\w*)\(.*\{$/gm)].map(
      ([, name]) => name,
    );
    const section = read('docs/library.md').split('method of the client')[1]?.split('\n\n')[0] ?? '';
    const named = [...section.matchAll(/`(\w+)\(/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(methods.filter((name) => name !== 'constructor')));
  });

  test('the lexicon fits on a page', () => {
    expect(read('docs/lexicon.md').trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  });

  test('every make target that a document mentions exists', () => {
    const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
    const missing = pages.flatMap((page) => {
      const mentions = [...read(page).matchAll(/(?:`|^|&& |sudo )make ([a-z-]+)/gm)].map(([, name]) => name ?? '');
      return mentions.filter((name) => !targets.has(name)).map((name) => `${page}: make ${name}`);
    });
    expect(missing).toEqual([]);
  });

  test('every target of the Makefile that people call has a line of help', () => {
    const makefile = read('Makefile');
    const phony = /^\.PHONY: (.+)$/m.exec(makefile)?.[1]?.split(' ') ?? [];
    expect(phony.length).toBeGreaterThan(5);
    expect(phony.filter((name) => !new RegExp(`^${name}:.*## .`, 'm').test(makefile))).toEqual([]);
  });

  test('every script that the Makefile or another script calls exists', () => {
    const callers = ['Makefile', '.ci/run', ...filesUnder('scripts')];
    const missing = callers.flatMap((caller) => {
      const called = [...read(caller).matchAll(/\b((?:scripts|bench)\/[\w-]+\.(?:sh|mjs|c))\b/g)].map(
        ([, path]) => path ?? '',
      );
      return called.filter((path) => !existsSync(join(root, path))).map((path) => `${caller}: ${path}`);
    });
    expect(missing).toEqual([]);
  });
});

function resolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).has(anchor);
}

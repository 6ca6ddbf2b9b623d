/** Rule: docs/errors.md and the error table say the same, both ways. */
import { describe, expect, test } from 'vitest';
import { errorTable } from '../../src/lib/errors.ts';
import { read, shipped } from './tree.ts';

const row = /^\| `(WH_ERR_[A-Z_]+)` \| (\d+) \| (\d+) \| (.+) \| (.+) \|$/gm;
const documented = [...read('docs/errors.md').matchAll(row)].map(([, code, status, exit, meaning, remedy]) => ({
  code,
  status: Number(status),
  exit: Number(exit),
  meaning: meaning ?? '',
  remedy: remedy ?? '',
}));

describe('docs/errors.md', () => {
  test('lists every code with its status and exit number, in the order of the table, and no other', () => {
    const listed = documented.map(({ code, status, exit }) => ({ code, status, exit }));
    const table = Object.entries(errorTable).map(([code, { status, exit }]) => ({ code, status, exit }));
    expect(listed).toEqual(table);
  });

  test('says for each what happened and what to do, in sentences', () => {
    const silent = documented.filter(({ meaning, remedy }) => !/\S.*[.)]$/.test(meaning) || !/\S.*[.)`]$/.test(remedy));
    expect(silent).toEqual([]);
  });

  test('knows each code that the sources or other documents mention', () => {
    const places = [...shipped(), 'README.md', 'docs/grammar.md', 'docs/cli.md', 'docs/threat-model.md'];
    const unknown = places.flatMap((path) => {
      const codes = [...textOf(path).matchAll(/\bWH_ERR_[A-Z]+(?:_[A-Z]+)*\b/g)].map(([code]) => code);
      return codes.filter((code) => !(code in errorTable)).map((code) => `${path}: ${code}`);
    });
    expect(unknown).toEqual([]);
  });
});

/** '' for a page that is not there; test/rules/docs.test.ts tells which are missing. */
function textOf(path: string): string {
  try {
    return read(path);
  } catch {
    return '';
  }
}

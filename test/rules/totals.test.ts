/** Rule: the last line of `make test` tells the truth, also when a run ended badly or did not happen. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './tree.ts';

interface Result {
  readonly status: string;
  readonly fullName?: string;
  readonly failureMessages?: readonly string[];
}

interface File {
  readonly name?: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly Result[];
}

const file = (status: string, ...tests: string[]): File => ({
  status,
  assertionResults: tests.map((result) => ({ status: result })),
});

/** What the script of the last call told of single tests. */
let names: readonly string[] = [];

/** Runs the script on reports by project; the exit of each run as vitest gave it. */
function totals(runs: Readonly<Record<string, { exit: number; files?: readonly File[] }>>) {
  const folder = mkdtempSync(join(tmpdir(), 'wormhole-totals-'));
  try {
    for (const [project, { files }] of Object.entries(runs)) {
      if (files !== undefined) writeFileSync(join(folder, `${project}.json`), JSON.stringify({ testResults: files }));
    }
    const words = Object.entries(runs).map(([project, { exit }]) => `${project}=${exit}`);
    const script = join(root, 'scripts/test-totals.mjs');
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, folder, ...words], {
      cwd: root,
      encoding: 'utf8',
    });
    names = stderr.trimEnd().split('\n');
    return { line: stdout.trimEnd(), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('test-totals', () => {
  test('sums over projects, and mentions skipped tests only when there are some', () => {
    const one = { exit: 0, files: [file('passed', 'passed', 'passed')] };
    expect(totals({ one, two: one })).toEqual({ line: '4 passed, 0 failed', status: 0 });
    const two = { exit: 0, files: [file('passed', 'passed', 'skipped')] };
    expect(totals({ one, two })).toEqual({ line: '3 passed, 0 failed, 1 skipped', status: 0 });
  });

  test('fails with a failed test', () => {
    const bad = { exit: 1, files: [file('failed', 'passed', 'failed')] };
    expect(totals({ bad })).toEqual({ line: '1 passed, 1 failed', status: 1 });
  });

  test('counts a file that did not load as a failure', () => {
    const bad = { exit: 1, files: [file('passed', 'passed'), file('failed')] };
    expect(totals({ bad })).toEqual({ line: '1 passed, 1 failed', status: 1 });
  });

  test('counts a run that ended badly although its tests passed as a failure', () => {
    expect(totals({ bad: { exit: 124, files: [file('passed', 'passed')] } })).toEqual({
      line: '1 passed, 1 failed',
      status: 1,
    });
  });

  test('counts a run without a report, and one without a test, as failures', () => {
    const good = { exit: 0, files: [file('passed', 'passed')] };
    expect(totals({ good, bad: { exit: 137 } })).toEqual({ line: '1 passed, 1 failed', status: 1 });
    expect(totals({ good, bad: { exit: 0, files: [file('passed', 'skipped')] } })).toEqual({
      line: '1 passed, 1 failed, 1 skipped',
      status: 1,
    });
  });

  test('names what failed, and what passed only when it was tried again, with the first line of why', () => {
    const failed = {
      status: 'failed',
      fullName: 'a b',
      failureMessages: ['Error: no\n    at x', 'Error: still\n    at x'],
    };
    const again = { status: 'passed', fullName: 'c d', failureMessages: ['Error: once'] };
    const one = { name: join(root, 'test/a.test.ts'), status: 'failed', assertionResults: [failed, again] };
    const two = {
      name: join(root, 'test/b.test.ts'),
      status: 'failed',
      message: 'no such module',
      assertionResults: [],
    };
    expect(totals({ bad: { exit: 1, files: [one, two] } })).toEqual({ line: '1 passed, 2 failed', status: 1 });
    expect(names).toEqual([
      'test: passed when tried again: test/a.test.ts: c d (Error: once)',
      'test: failed: test/a.test.ts: a b (Error: still)',
      'test: failed: test/b.test.ts (no such module)',
    ]);
  });
});

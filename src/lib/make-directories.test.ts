import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDirectories } from './make-directories.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wormhole-directories-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('makeDirectories', () => {
  test('makes all that are missing, with their mode, and none that is there', () => {
    const path = join(folder, 'a/b/c');
    makeDirectories(path, 0o700);
    makeDirectories(path, 0o755);
    for (const made of [path, join(folder, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  test('fails below /proc instead of trying for ever', () => {
    for (const path of ['/proc/x', '/proc/self/x/y']) {
      expect(() => makeDirectories(path, 0o700)).toThrow(/ENOENT|EACCES|EPERM/);
    }
  });

  test('fails where a file, or a link to nothing, stands in the way', () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('nothing', join(folder, 'link'));
    for (const path of ['file', 'file/below', 'link', 'link/below']) {
      expect(() => makeDirectories(join(folder, path), 0o700)).toThrow(/EEXIST|ENOTDIR/);
    }
  });
});

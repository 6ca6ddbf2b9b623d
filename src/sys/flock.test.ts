import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryLock } from './flock.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wh-flock-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('tryLock', () => {
  test('one holder at a time; closing gives it up', () => {
    const file = join(directory, 'one');
    const first = openSync(file, 'w');
    const second = openSync(file, 'r');
    expect(tryLock(first)).toBe(true);
    expect(tryLock(second)).toBe(false);
    closeSync(first);
    expect(tryLock(second)).toBe(true);
    closeSync(second);
  });

  test('the holder may ask again', () => {
    const fd = openSync(join(directory, 'again'), 'w');
    expect([tryLock(fd), tryLock(fd)]).toEqual([true, true]);
    closeSync(fd);
  });

  test('another process sees the lock', () => {
    const file = join(directory, 'other');
    const fd = openSync(file, 'w');
    tryLock(fd);
    const ask = (): string =>
      execFileSync('python3', ['-c', ASK, file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
    expect(ask()).toBe('held');
    closeSync(fd);
    expect(ask()).toBe('free');
  });

  test('what is not open is an error, not a lock that somebody else holds', () => {
    expect(() => tryLock(-1)).toThrow('flock: EBADF');
  });
});

const ASK = `
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("free")
except BlockingIOError:
    print("held")
`;

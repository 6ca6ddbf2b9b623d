import { mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OwnedFd } from '../../sys/fd.ts';
import { take } from './take-name.ts';

let path: string;
let directory: OwnedFd;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'wh-take-'));
  directory = new OwnedFd(openSync(path, 'r'));
  put('ours', 'ours');
});
afterEach(() => {
  directory[Symbol.dispose]();
  rmSync(path, { recursive: true });
});

const put = (name: string, text: string): void => writeFileSync(join(path, name), text);
const content = (name: string): string => readFileSync(join(path, name), 'utf8');
const open = (name: string): OwnedFd => new OwnedFd(openSync(join(path, name), 'r'));

describe('a name for a unix head', () => {
  test('is taken when it is free', () => {
    expect(take(directory.fd, 'ours', 'name', undefined)).toBe(true);
    expect(readdirSync(path)).toEqual(['name']);
  });

  test('is left to whoever took it after it was seen to be free', () => {
    put('name', 'theirs');
    expect(take(directory.fd, 'ours', 'name', undefined)).toBe(false);
    expect(content('name')).toBe('theirs');
  });

  test('is taken from what was seen to be stale', () => {
    put('name', 'stale');
    using stale = open('name');
    expect(take(directory.fd, 'ours', 'name', stale)).toBe(true);
    expect(content('name')).toBe('ours');
    expect(readdirSync(path)).toEqual(['name']);
  });

  test('is given back to whoever replaced the stale file meanwhile', () => {
    put('name', 'stale');
    using stale = open('name');
    put('theirs', 'theirs');
    renameSync(join(path, 'theirs'), join(path, 'name'));
    expect(take(directory.fd, 'ours', 'name', stale)).toBe(false);
    expect(content('name')).toBe('theirs');
    expect(content('ours')).toBe('ours');
  });
});

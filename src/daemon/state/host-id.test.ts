/** Whose containers a daemon takes for its own. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostId } from './host-id.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wormhole-host-id-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const state = (name = 'state'): string => join(root, name);

describe('the id of a daemon', () => {
  beforeEach(() => mkdirSync(state(), { mode: 0o700 }));

  test('is made when it is first needed, for root alone, and is the same afterwards', () => {
    const first = new HostId(state());
    expect(first.exists).toBe(false);
    expect(first.id).toMatch(/^[0-9a-f]{16}$/);
    expect(new HostId(state()).id).toBe(first.id);
    expect(statSync(join(state(), 'host-id')).mode & 0o777).toBe(0o600);
  });

  test('is the same by every way that leads to its directory', () => {
    const { id } = new HostId(state());
    symlinkSync(state(), state('other-way'));
    expect(new HostId(state('other-way')).id).toBe(id);
  });

  test('is another for a copy of its directory: the containers are those of the original', () => {
    const { id } = new HostId(state());
    cpSync(state(), state('copy'), { recursive: true });
    const copy = new HostId(state('copy')).id;
    expect(copy).not.toBe(id);
    expect(new HostId(state('copy')).id).toBe(copy);
    expect(new HostId(state()).id).toBe(id);
  });

  test('is made anew when its file is damaged', () => {
    const { id } = new HostId(state());
    writeFileSync(join(state(), 'host-id'), '');
    const again = new HostId(state()).id;
    expect(again).not.toBe(id);
    expect(readFileSync(join(state(), 'host-id'), 'utf8')).toContain(again);
    renameSync(join(state(), 'host-id'), join(state(), 'set-aside'));
    expect(new HostId(state()).exists).toBe(false);
  });
});

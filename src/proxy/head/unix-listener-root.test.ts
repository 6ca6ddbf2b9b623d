import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gone, reach, refusal } from '../../../test/support/unix-socket.ts';
import { O_DIRECTORY, O_PATH } from '../../sys/constants.ts';
import { openUnixListener, type UnixListenAddress } from './unix-listener.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wh-unix-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a head inside a root (A33)', () => {
  let inside: string;
  let rootFd: number;
  beforeEach(() => {
    inside = join(directory, 'root');
    mkdirSync(join(inside, 'run'), { recursive: true });
    rootFd = openSync(inside, O_PATH | O_DIRECTORY);
  });
  afterEach(() => closeSync(rootFd));

  const at = (path: string): UnixListenAddress => ({ path, root: { fd: rootFd } });

  test('is made below it', async () => {
    using _listener = openUnixListener(at('/run/head.sock'));
    expect(await reach(join(inside, 'run/head.sock'))).toBe('connected');
  });

  test.each(['/../run/head.sock', '/run/../../../run/head.sock', '/../../../../run/head.sock'])(
    '%s does not lead out',
    async (path) => {
      using _listener = openUnixListener(at(path));
      expect(await reach(join(inside, 'run/head.sock'))).toBe('connected');
    },
  );

  test('an absolute symlink as its directory is followed inside', async () => {
    symlinkSync('/run', join(inside, 'link'));
    using _listener = openUnixListener(at('/link/head.sock'));
    expect(await reach(join(inside, 'run/head.sock'))).toBe('connected');
  });

  test('a symlink to a directory that exists only outside leads nowhere', () => {
    const target = join(directory, 'outside');
    mkdirSync(target);
    symlinkSync(target, join(inside, 'escape'));
    const error = refusal(at('/escape/head.sock'));
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'ENOENT' } });
    expect(error.message).toContain('the directory /escape does not exist');
    expect(readdirSync(target)).toEqual([]);
  });

  test('its parent swapped for a symlink afterwards does not make it remove a file outside', () => {
    const target = join(directory, 'outside');
    mkdirSync(target);
    const listener = openUnixListener(at('/run/head.sock'));
    linkSync(join(inside, 'run/head.sock'), join(target, 'head.sock'));
    renameSync(join(inside, 'run'), join(inside, 'was-run'));
    symlinkSync(target, join(inside, 'run'));
    listener[Symbol.dispose]();
    expect(existsSync(join(target, 'head.sock'))).toBe(true);
    expect(gone(join(inside, 'was-run/head.sock'))).toBe(true);
  });
});

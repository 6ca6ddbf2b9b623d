import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { gone, leaveStale, reach, refusal } from '../../../test/support/unix-socket.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { openUnixListener } from './unix-listener.ts';

const root = process.geteuid?.() === 0;
if (!root) console.log('skipped: giving a file to another user takes root');

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wh-unix-'));
  path = join(directory, 'head.sock');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a unix head', () => {
  test('can be connected to when it is open, and leaves nothing when it is disposed of', async () => {
    const before = openDescriptors();
    const listener = openUnixListener({ path });
    expect(await reach(path)).toBe('connected');
    listener[Symbol.dispose]();
    expect(readdirSync(directory)).toEqual([]);
    expect(openDescriptors()).toBe(before);
  });

  test('is for its owner only unless told otherwise', () => {
    using _listener = openUnixListener({ path });
    expect(lstatSync(path).mode & 0o7777).toBe(0o600);
  });

  test.each([0o600, 0o660, 0o666, 0o777, 0o000])('has mode %o exactly, whatever the umask', (mode) => {
    using _listener = openUnixListener({ path, mode });
    expect(lstatSync(path).mode & 0o7777).toBe(mode);
  });

  test.skipIf(!root)('has the owner it was given', () => {
    using _listener = openUnixListener({ path, mode: 0o640, owner: { uid: 4711, gid: 4712 } });
    expect(lstatSync(path)).toMatchObject({ uid: 4711, gid: 4712 });
    expect(lstatSync(path).mode & 0o7777).toBe(0o640);
  });

  test('lets go of the socket when that was given away, and removes the file all the same', async () => {
    const listener = openUnixListener({ path });
    using socket = new OwnedFd(listener.socket.release());
    listener[Symbol.dispose]();
    expect(socket.open).toBe(true);
    expect(await reach(path)).toBe('ENOENT');
  });

  test('may be disposed of twice', () => {
    const listener = openUnixListener({ path });
    listener[Symbol.dispose]();
    using _next = openUnixListener({ path });
    listener[Symbol.dispose]();
    expect(lstatSync(path).isSocket()).toBe(true);
  });

  test('may have a path that is longer than a sockaddr (A33)', async () => {
    const deep = join(directory, ...Array.from({ length: 10 }, () => 'd'.repeat(50)));
    mkdirSync(deep, { recursive: true });
    const long = join(deep, 'head.sock');
    expect(long.length).toBeGreaterThan(400);
    using _listener = openUnixListener({ path: long });
    expect(lstatSync(long).isSocket()).toBe(true);
    symlinkSync(deep, join(directory, 'short'));
    expect(await reach(join(directory, 'short/head.sock'))).toBe('connected');
  });

  test('may have a name that is longer than a sockaddr, and finds out who is there (A33)', () => {
    const long = join(directory, 'n'.repeat(200));
    const listener = openUnixListener({ path: long });
    expect(refusal({ path: long }).detail).toEqual({ errno: 'EADDRINUSE' });
    listener[Symbol.dispose]();
    expect(gone(long)).toBe(true);
  });
});

describe('a file that is there already (A33)', () => {
  test('is replaced when it is a socket that nobody listens on', async () => {
    leaveStale(path);
    expect(await reach(path)).toBe('ECONNREFUSED');
    using _listener = openUnixListener({ path });
    expect(await reach(path)).toBe('connected');
    expect(readdirSync(directory)).toEqual(['head.sock']);
  });

  test('is left alone when somebody listens on it', async () => {
    using _first = openUnixListener({ path });
    const error = refusal({ path });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'EADDRINUSE' } });
    expect(error.message).toBe(`cannot listen on unix://${path}: another program listens there`);
    expect(await reach(path)).toBe('connected');
    expect(readdirSync(directory)).toEqual(['head.sock']);
  });

  test.each([
    ['a file', (at: string) => writeFileSync(at, 'precious')],
    ['a directory', (at: string) => mkdirSync(at)],
    ['a symlink to nowhere', (at: string) => symlinkSync('/nowhere', at)],
    [
      'a symlink to a stale socket',
      (at: string) => {
        leaveStale(`${at}.other`);
        symlinkSync(`${at}.other`, at);
      },
    ],
  ])('is left alone when it is %s', (_what, make) => {
    make(path);
    const before = lstatSync(path);
    const files = readdirSync(directory);
    const error = refusal({ path });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'EADDRINUSE' } });
    expect(error.message).toContain('not a socket');
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, size: before.size, mode: before.mode });
    expect(readdirSync(directory)).toEqual(files);
  });

  test('costs no descriptors', () => {
    writeFileSync(path, 'precious');
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) refusal({ path });
    expect(openDescriptors()).toBe(before);
  });
});

describe('the file of a head that ends', () => {
  test('stays when it is somebody else’s by now, although the inode number may be the same (A33)', async () => {
    const listener = openUnixListener({ path });
    // The inode lives as long as the socket is open.
    listener.socket[Symbol.dispose]();
    unlinkSync(path);
    using other = openUnixListener({ path });
    listener[Symbol.dispose]();
    expect(other.socket.open).toBe(true);
    expect(await reach(path)).toBe('connected');
  });

  test('is not missed when it has gone', () => {
    const listener = openUnixListener({ path });
    unlinkSync(path);
    listener[Symbol.dispose]();
    expect(gone(path)).toBe(true);
  });

  test('is removed from its directory wherever that was moved, and not from the one that took its place (A33)', () => {
    const home = join(directory, 'home');
    mkdirSync(home);
    const listener = openUnixListener({ path: join(home, 'head.sock') });
    renameSync(home, join(directory, 'moved'));
    mkdirSync(home);
    writeFileSync(join(home, 'head.sock'), 'precious');
    listener[Symbol.dispose]();
    expect(gone(join(directory, 'moved/head.sock'))).toBe(true);
    expect(readFileSync(join(home, 'head.sock'), 'utf8')).toBe('precious');
  });
});

describe('a head that cannot be', () => {
  test('because its directory does not exist says which', () => {
    const error = refusal({ path: join(directory, 'no/head.sock') });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno: 'ENOENT' } });
    expect(error.message).toContain(`the directory ${directory}/no does not exist`);
  });

  test.each([
    ['its directory is a file', 'file/head.sock', 'ENOTDIR'],
    ['its directory is a loop of links', 'loop/head.sock', 'ELOOP'],
    ['its name is too long for any file', 'n'.repeat(256), 'ENAMETOOLONG'],
  ])('because %s says so', (_what, name, errno) => {
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('loop', join(directory, 'loop'));
    const error = refusal({ path: join(directory, name) });
    expect(error).toMatchObject({ code: 'WH_ERR_LISTEN', detail: { errno } });
    expect(error.message).toContain(errno);
  });

  test.each(['/', '/tmp/..', '/tmp/.', '/tmp/'])('because %j names a directory is refused', (path) => {
    expect(refusal({ path }).code).toBe('WH_ERR_LISTEN');
  });

  test('leaves nothing behind', () => {
    const before = openDescriptors();
    refusal({ path: join(directory, 'no/head.sock') });
    refusal({ path: '/' });
    refusal({ path, owner: { uid: -2, gid: -2 } });
    expect(readdirSync(directory)).toEqual([]);
    expect(openDescriptors()).toBe(before);
  });
});

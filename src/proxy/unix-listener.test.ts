import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../test/support/descriptors.ts';
import { WormholeError } from '../lib/errors.ts';
import { AF_UNIX, O_DIRECTORY, O_PATH, SOCK_STREAM } from '../sys/constants.ts';
import { OwnedFd } from '../sys/fd.ts';
import { encodeUnix } from '../sys/sockaddr.ts';
import { bindBytes, socketIn } from '../sys/sockets.ts';
import { openUnixListener, type UnixListenAddress } from './unix-listener.ts';

const root = process.geteuid?.() === 0;
if (!root) console.log('skipped: giving a file to another user takes root');

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wh-unix-'));
  path = join(directory, 'head.sock');
});
afterEach(() => rmSync(directory, { recursive: true }));

const gone = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) === undefined;

/** A socket file whose owner has died without removing it. */
function stale(file: string): void {
  using socket = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  bindBytes(socket.fd, encodeUnix(file));
}

/** 'connected', or why not. */
function reach(file: string): Promise<string> {
  const socket = connect(file);
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('connect', () => {
      resolve('connected');
      socket.destroy();
    });
  });
}

function refusal(address: UnixListenAddress): WormholeError {
  try {
    openUnixListener(address)[Symbol.dispose]();
  } catch (error) {
    if (WormholeError.is(error)) return error;
    throw error;
  }
  throw new Error('it listens');
}

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
    stale(path);
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
        stale(`${at}.other`);
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

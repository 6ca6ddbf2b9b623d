import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameOf, openDescriptors } from '../../test/support/descriptors.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from './constants.ts';
import { openInRoot, tryOpenInRoot } from './inroot.ts';

const { O_RDONLY, O_NONBLOCK } = constants;

// outside/secret          what must not be read
// outside/root/           the root
//   etc/hosts             what may be read; `etc` holds links and odd files, too
let outside: string;
let root: number;

beforeAll(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'wh-inroot-')));
  const inside = (path: string): string => join(outside, 'root', path);
  mkdirSync(inside('etc/deep'), { recursive: true });
  writeFileSync(join(outside, 'secret'), 'outside');
  writeFileSync(inside('etc/hosts'), 'inside');
  symlinkSync('/etc/hosts', inside('etc/absolute'));
  symlinkSync(join(outside, 'secret'), inside('etc/escape'));
  symlinkSync('../../../../../../../../etc/hosts', inside('etc/deep/relative'));
  symlinkSync('/etc', inside('config'));
  symlinkSync('loop', inside('loop'));
  symlinkSync('/etc/nowhere', inside('etc/dangling'));
  symlinkSync(join(outside, 'root/etc/hosts'), inside('etc/host-path'));
  execFileSync('mkfifo', [inside('etc/fifo')]);
  root = openSync(join(outside, 'root'), O_PATH | O_DIRECTORY);
});

afterAll(() => {
  closeSync(root);
  rmSync(outside, { recursive: true });
});

function read(path: string): string {
  using file = openInRoot(root, path, O_RDONLY);
  return readFileSync(file.fd, 'utf8');
}

describe('a path inside a root', () => {
  test.each(['/etc/hosts', 'etc/hosts', '/./etc//hosts', 'etc/deep/../hosts'])('%s is found', (path) => {
    expect(read(path)).toBe('inside');
  });

  test.each(['/etc/absolute', '/config/hosts', '/config/absolute', '/etc/deep/relative'])(
    'the link %s is followed inside (A33)',
    (path) => {
      expect(read(path)).toBe('inside');
    },
  );

  test.each(['../secret', '../../secret', '/../secret', 'etc/../../secret', '/etc/deep/../../../secret'])(
    '%s does not lead out (A33)',
    (path) => {
      expect(() => read(path)).toThrow('openat2: ENOENT');
    },
  );

  test.each(['/etc/escape', '/etc/host-path'])(
    'the link %s, which exists outside only, leads nowhere (A33)',
    (path) => {
      expect(() => read(path)).toThrow('openat2: ENOENT');
    },
  );

  test('.. at the top stays at the top', () => {
    expect(read('/../../etc/hosts')).toBe('inside');
  });
});

describe('a magic link in /proc, which would jump out of any root', () => {
  test.each(['/proc/self/root/etc/passwd', '/proc/self/cwd', '/proc/self/exe'])('%s is refused (A33)', (path) => {
    const host = openSync('/', O_PATH | O_DIRECTORY);
    try {
      expect(() => openInRoot(host, path, O_RDONLY)).toThrow('openat2: EXDEV');
    } finally {
      closeSync(host);
    }
  });
});

describe('odd files', () => {
  test('a FIFO that nobody writes to does not block when opened without waiting (A33)', () => {
    using fifo = openInRoot(root, '/etc/fifo', O_RDONLY | O_NONBLOCK);
    expect(fstatSync(fifo.fd).isFIFO()).toBe(true);
  });

  test('O_PATH looks at what is there without opening it', () => {
    using fifo = openInRoot(root, '/etc/fifo', O_PATH);
    expect(nameOf(fifo.fd)).toBe(join(outside, 'root/etc/fifo'));
    using link = openInRoot(root, '/etc/absolute', O_PATH | O_NOFOLLOW);
    expect(fstatSync(link.fd).isSymbolicLink()).toBe(true);
  });

  test.each([
    ['/nowhere', 'ENOENT'],
    ['/etc/dangling', 'ENOENT'],
    ['', 'ENOENT'],
    ['/etc/hosts/x', 'ENOTDIR'],
    ['/loop', 'ELOOP'],
    ['a'.repeat(256), 'ENAMETOOLONG'],
    ['a/'.repeat(2048), 'ENAMETOOLONG'],
    ['/etc/hosts\0.txt', 'ENAMETOOLONG'],
  ])('%j is an error by its name', (path, code) => {
    expect(() => openInRoot(root, path, O_RDONLY)).toThrow(`openat2: ${code}`);
  });

  test('a path of the greatest length is passed on whole', () => {
    expect(tryOpenInRoot(root, `${'./'.repeat(2042)}etc/hosts`, O_PATH)).toBeGreaterThan(0);
  });

  test('a root that is closed is EBADF, one that is a file ENOTDIR', () => {
    expect(() => openInRoot(-1, 'etc/hosts', O_RDONLY)).toThrow('openat2: EBADF');
    using file = openInRoot(root, 'etc/hosts', O_RDONLY);
    expect(() => openInRoot(file.fd, 'x', O_RDONLY)).toThrow('openat2: ENOTDIR');
  });

  test('failures leave nothing open', () => {
    const before = openDescriptors();
    for (let i = 0; i < 50; i++) expect(tryOpenInRoot(root, '/etc/escape', O_RDONLY)).toBe(-2);
    expect(openDescriptors()).toBe(before);
  });
});

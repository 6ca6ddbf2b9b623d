/** The rules of the key file, as both programs meet them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WormholeError } from './errors.ts';
import { readKeyFile } from './key-file.ts';
import { daemonKey } from './key-generate.ts';

const good = 'YV9nb29kX2tleV9vZl8zMl9jaGFyYWN0ZXJzX29yX21vcmU';
let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wormhole-key-'));
  path = join(dir, 'key.secret');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(content: string | Uint8Array, mode = 0o600): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

/** The refusal of both programs' code paths; they must agree. */
function refusals(): WormholeError[] {
  return [() => readKeyFile(path), () => daemonKey(path), () => daemonKey(undefined, path)].map((read) => {
    try {
      read();
    } catch (error) {
      if (WormholeError.is(error)) return error;
      throw error;
    }
    throw new Error('the key file was accepted');
  });
}

describe('readKeyFile', () => {
  test('the key is the trimmed text: a trailing newline or CRLF makes no difference', () => {
    write(good);
    const bare = readKeyFile(path);
    write(`\n ${good}\r\n`);
    expect(readKeyFile(path).equals(bare)).toBe(true);
    write(`${good}x`);
    expect(readKeyFile(path).equals(bare)).toBe(false);
  });

  test('the pre-shared key is HKDF-SHA256 of the text under a versioned label', () => {
    write(good);
    expect(Buffer.from(readKeyFile(path).bytes()).toString('hex')).toMatchInlineSnapshot(
      `"1920c8087451611e2f0c719ba9eb41b465d0f59c67d988c6fac5b960f1b66d76"`,
    );
  });

  test.each([
    ['empty', ''],
    ['whitespace only', ` \n\t${'\n'.repeat(100)}`],
    ['shorter than 32 characters', `   ${'k'.repeat(31)}   `],
    ['31 characters of two bytes', 'é'.repeat(31)],
    ['absurdly large', 'k'.repeat(100_000)],
    ['not UTF-8', Uint8Array.from({ length: 64 }, () => 0xff)],
    ['zero bytes', new Uint8Array(64)],
  ])('A7 a key file that is %s is refused by both programs, naming file and remedy', (_, content) => {
    write(content);
    for (const error of refusals()) {
      expect(error.code).toBe('WH_ERR_KEY_FILE');
      expect(error.message).toContain(path);
      expect(error.detail['remedy']).not.toBe('');
      expect(error.exitCode).toBe(78);
    }
  });

  test.each([0o640, 0o604, 0o660, 0o620, 0o644, 0o610, 0o601])(
    'A7 a key file of mode %o is refused by both programs',
    (mode) => {
      write(good, mode);
      for (const error of refusals()) expect(error.message).toContain(`chmod 600 ${path}`);
    },
  );

  test('A7 a directory, a FIFO and a device are refused without blocking', () => {
    rmSync(path, { force: true });
    execFileSync('mkdir', ['-m', '700', path]);
    for (const error of refusals()) expect(error.message).toContain('not a regular file');
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', ['-m', '600', path]);
    for (const error of refusals()) expect(error.message).toContain('not a regular file');
    rmSync(path);
    symlinkSync('/dev/zero', path);
    for (const error of refusals()) expect(error.message).toContain('not a regular file');
  });

  test.runIf(process.getuid?.() === 0)('A7 a key file of another user is refused', () => {
    write(good);
    chownSync(path, 12_345, 12_345);
    for (const error of refusals()) expect(error.message).toContain('user 12345');
  });

  test('A10 no refusal repeats what the file holds', () => {
    write('hunter2-hunter2');
    for (const error of refusals()) {
      expect(`${error.message} ${JSON.stringify(error.detail)} ${error.stack}`).not.toContain('hunter2');
    }
  });
});

describe('daemonKey', () => {
  test('XT14 a missing file that was named is refused and not made', () => {
    expect(() => daemonKey(path)).toThrow(expect.objectContaining({ code: 'WH_ERR_KEY_FILE' }));
    expect(existsSync(path)).toBe(false);
  });

  test('a missing default file is made: one line, mode 0600, alone in its directory, and stays', () => {
    const deep = join(dir, 'etc', 'wormhole', 'key.secret');
    const first = daemonKey(undefined, deep);
    expect(first).toMatchObject({ generated: true, path: deep });
    expect(statSync(deep).mode & 0o7777).toBe(0o600);
    expect(statSync(join(dir, 'etc', 'wormhole')).mode & 0o022).toBe(0);
    expect(readFileSync(deep, 'utf8')).toMatch(/^[\w-]{43}\n$/);
    expect(readdirSync(join(dir, 'etc', 'wormhole'))).toEqual(['key.secret']);
    const second = daemonKey(undefined, deep);
    expect(second.generated).toBe(false);
    expect(second.psk.equals(first.psk)).toBe(true);
  });

  test('two daemons make two different keys', () => {
    expect(daemonKey(undefined, join(dir, 'a')).psk.equals(daemonKey(undefined, join(dir, 'b')).psk)).toBe(false);
  });

  test('A7 a default path that cannot be made is refused', () => {
    write(good);
    expect(() => daemonKey(undefined, join(path, 'key.secret'))).toThrow(
      expect.objectContaining({ code: 'WH_ERR_KEY_FILE' }),
    );
  });
});

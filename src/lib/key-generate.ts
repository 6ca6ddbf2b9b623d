/**
 * The daemon's way to its key: the given file, or the default one, which is made when it is missing.
 *
 * Only the daemon makes a key and only at the default path: a path that somebody wrote down (`-K`) and that is not
 * there is a mistake to be told, not an invitation to start with a key that no other machine has.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fchmodSync, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { defaultKeyPath, readKeyFile, refusal } from './key-file.ts';
import { makeDirectories } from './make-directories.ts';
import type { Secret } from './secret.ts';

/** The key the daemon will use. */
export interface DaemonKey {
  /** The TLS pre-shared key. */
  readonly psk: Secret;
  readonly path: string;
  /** True when the file did not exist and was made now. */
  readonly generated: boolean;
}

/**
 * Reads the key given with `-K`, or the default one; a missing default file is made first (0600, 32 random bytes).
 *
 * @param given   the path of `-K`, undefined without
 * @param byDefault path used without `-K`
 * @throws {WormholeError} WH_ERR_KEY_FILE when the file breaks a rule, or `given` does not exist (XT14)
 */
export function daemonKey(given: string | undefined, byDefault: string = defaultKeyPath): DaemonKey {
  if (given !== undefined) return { psk: readKeyFile(given), path: given, generated: false };
  const generated = generateKeyFile(byDefault);
  return { psk: readKeyFile(byDefault), path: byDefault, generated };
}

/**
 * Makes the key file unless something is there already; whole or not at all, also across a crash.
 *
 * Written under another name, synced, then linked: `link` fails on an existing name, so of two daemons that start
 * together one wins and both read its key.
 *
 * @returns true when this call made it
 */
function generateKeyFile(path: string): boolean {
  if (existsSync(path)) return false;
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    makeDirectories(dirname(path), 0o755);
    const fd = openSync(draft, 'wx', 0o600);
    try {
      fchmodSync(fd, 0o600);
      writeSync(fd, `${randomBytes(32).toString('base64url')}\n`);
      fsyncSync(fd);
      linkSync(draft, path);
    } finally {
      closeSync(fd);
      unlinkSync(draft);
    }
    syncDirectory(dirname(path));
    return true;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'EEXIST') return false;
    throw refusal(
      path,
      `does not exist and cannot be made (${code})`,
      'run as root or with --user-mode, or name one with -K',
      cause,
    );
  }
}

/** A new name is on disk only when its directory is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Puts a unix socket to its path: never reachable with wider permissions than it should have, never over a living
 * daemon's.
 *
 * The socket is bound inside a private directory (0700) beside its path, gets its owner and mode there, and only
 * then moves to its name. So no umask is touched, and there is no moment in which others could connect too early.
 */
import { chmod, chown, link, lstat, mkdir, mkdtemp, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';

/** Longest path a sockaddr_un holds, less what the private directory adds. */
const MAX_PATH = 107 - '/.wh-XXXXXX/s'.length;

export interface SocketAccess {
  /** Permission bits, e.g. 0o660. */
  readonly mode: number;
  /** Owning group; absent leaves the process's own. */
  readonly gid?: number;
}

/**
 * Calls `bind` with a temporary path to listen on, then moves the socket to `path`.
 *
 * @returns removes the socket file, if it is still ours
 * @throws {WormholeError} WH_ERR_LISTEN when another daemon listens there or the path cannot be used
 */
export async function placeSocket(
  path: string,
  access: SocketAccess,
  bind: (temporary: string) => Promise<void>,
): Promise<() => Promise<void>> {
  if (Buffer.byteLength(path) > MAX_PATH) {
    throw listenError(path, `the path is longer than ${MAX_PATH} bytes; choose a shorter one`);
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const directory = await mkdtemp(join(dirname(path), '.wh-'));
    try {
      const temporary = join(directory, 's');
      await bind(temporary);
      await chmod(temporary, access.mode);
      if (access.gid !== undefined) await chown(temporary, -1, access.gid);
      const { ino, dev } = await lstat(temporary);
      await moveInto(temporary, path);
      return () => removeOwn(path, ino, dev);
    } finally {
      await rm(join(directory, 's'), { force: true });
      await rmdir(directory);
    }
  } catch (error) {
    if (WormholeError.is(error)) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw listenError(path, code, error);
  }
}

/** Takes a free name, or one whose socket nobody listens on any more. */
async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const found = await lstat(path);
    if (!found.isSocket()) throw listenError(path, 'something that is not a socket is in the way; remove it');
    if (await isAlive(path)) {
      throw listenError(path, 'another daemon listens there; stop it or choose another path with --socket');
    }
    await rename(temporary, path);
  }
}

/** Whether somebody accepts connections at `path`; a full backlog is alive too. */
async function isAlive(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createConnection({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

async function removeOwn(path: string, ino: number, dev: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.ino === ino && found.dev === dev) await unlink(path);
}

function listenError(path: string, reason: string, cause?: unknown): WormholeError {
  return new WormholeError('WH_ERR_LISTEN', `unix://${path}: ${reason}`, { cause, detail: { address: `unix://${path}` } });
}

/**
 * Makes the sockets that unix heads listen on, on the host or inside a container's root.
 *
 * The parent directory is opened first (inside the root, with every symlink resolved there) and the socket bound
 * through `/proc/self/fd/N/NAME`: nobody can swap a directory between the check and the bind, and a long path is no
 * problem. The socket is bound to a temporary name with its final mode and owner and renamed into place, so that no
 * one can connect to it before it has them. Whoever may write the directory can swap that name for a symlink meanwhile:
 * so the file is opened without following, and mode and owner are given to what was opened, never to a name.
 *
 * A file that nobody listens on is taken for stale and replaced; a living socket, or anything that is not a socket, is
 * left alone and refused. Between the look and the rename somebody may put another file there: a name that was free is
 * taken only if it still is, a stale file is exchanged with ours and looked at again, and given back if it is another.
 * What cannot be told apart is a socket that is bound and does not listen yet: it looks stale.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, constants, fstatSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { AF_UNIX, O_DIRECTORY, O_NOFOLLOW, O_PATH, SOCK_STREAM } from '../../sys/constants.ts';
import { check, Errno } from '../../sys/errno.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { openInRoot, tryOpenInRoot } from '../../sys/inroot.ts';
import { connect, listen } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { encodeUnix, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { bindBytes, socketIn } from '../../sys/sockets.ts';
import type { RootDirectory } from '../route.ts';
import { BACKLOG } from '../stream/tcp.ts';
import { listenError } from './listener.ts';
import { isAt, take } from './take-name.ts';

/** A head at a path. */
export interface UnixListenAddress {
  /** Absolute. */
  readonly path: string;
  /** Absent = the host's. Borrowed. */
  readonly root?: RootDirectory;
  /** Permission bits; default 0o600. */
  readonly mode?: number;
  /** Numeric; absent = the daemon's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** A listening unix socket; disposing removes the file, if it is still ours, and closes the socket if still owned. */
export interface OpenUnixListener extends Disposable {
  readonly socket: OwnedFd;
}

const DEFAULT_MODE = 0o600;
const remedies = {
  ENOSYS: ', openat2(2) is not to be had: the kernel is older than 5.6, or a unit says RestrictSUIDSGID=yes',
};
const scratch = new NativeMemory(SOCKADDR_MAX);

/** @throws {WormholeError} WH_ERR_LISTEN */
export function openUnixListener(address: UnixListenAddress): OpenUnixListener {
  const what = `cannot listen on unix://${address.path}`;
  let directory: OwnedFd | undefined;
  try {
    directory = openParent(address);
    return bindIn(directory, address);
  } catch (error) {
    directory?.[Symbol.dispose]();
    if (WormholeError.is(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof Error && code === 'ENOENT') {
      throw new WormholeError('WH_ERR_LISTEN', `${what}: the directory ${dirname(address.path)} does not exist`, {
        cause: error,
        detail: { errno: 'ENOENT' },
      });
    }
    throw listenError('WH_ERR_LISTEN', what, error, remedies);
  }
}

function openParent({ path, root }: UnixListenAddress): OwnedFd {
  const parent = dirname(path);
  if (root !== undefined) return openInRoot(root.fd, parent, O_PATH | O_DIRECTORY);
  return new OwnedFd(openSync(parent, constants.O_RDONLY | constants.O_DIRECTORY));
}

function bindIn(directory: OwnedFd, address: UnixListenAddress): OpenUnixListener {
  const at = (name: string): string => `/proc/self/fd/${directory.fd}/${name}`;
  const name = basename(address.path);
  using stale = refuseUnlessStale(directory, name, address.path);
  const temporary = `.${randomBytes(6).toString('hex')}.wormhole`;
  const socket = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  let file: OwnedFd | undefined;
  try {
    bindBytes(socket.fd, encodeUnix(at(temporary)));
    try {
      file = openInRoot(directory.fd, temporary, O_PATH | O_NOFOLLOW);
      dress(file, address);
      check('listen', listen(socket.fd, BACKLOG));
      if (!take(directory.fd, temporary, name, stale)) throw refusal(address.path, 'another program took it meanwhile');
      if (!isAt(file, at(name))) throw exchanged(address.path);
    } catch (error) {
      rmSync(at(temporary), { force: true });
      throw error;
    }
  } catch (error) {
    file?.[Symbol.dispose]();
    socket[Symbol.dispose]();
    throw error;
  }
  return new UnixListener(socket, directory, file, name);
}

/** Gives the new file its mode and owner. */
function dress(file: OwnedFd, { path, mode, owner }: UnixListenAddress): void {
  const made = fstatSync(file.fd);
  if (!made.isSocket() || made.nlink !== 1) throw exchanged(path);
  const itself = `/proc/self/fd/${file.fd}`;
  chmodSync(itself, mode ?? DEFAULT_MODE);
  if (owner !== undefined) chownSync(itself, owner.uid, owner.gid);
}

class UnixListener implements OpenUnixListener {
  readonly socket: OwnedFd;
  readonly #directory: OwnedFd;
  /** The file itself: as long as it is open, no other file gets its inode number. */
  readonly #file: OwnedFd;
  readonly #name: string;

  /** Everything is owned from now on. */
  constructor(socket: OwnedFd, directory: OwnedFd, file: OwnedFd, name: string) {
    this.socket = socket;
    this.#directory = directory;
    this.#file = file;
    this.#name = name;
  }

  [Symbol.dispose](): void {
    if (this.#directory.open) {
      const path = `/proc/self/fd/${this.#directory.fd}/${this.#name}`;
      // Somebody may have put another file there meanwhile.
      if (isAt(this.#file, path)) unlinkSync(path);
    }
    for (const owned of [this.#file, this.#directory, this.socket]) owned[Symbol.dispose]();
  }
}

/** @returns the stale file, owned by the caller; undefined when the name is free */
function refuseUnlessStale(directory: OwnedFd, name: string, path: string): OwnedFd | undefined {
  const found = tryOpenInRoot(directory.fd, name, O_PATH | O_NOFOLLOW);
  if (found === -Errno.ENOENT) return undefined;
  const file = new OwnedFd(check('openat2', found));
  try {
    refuseUnlessSilent(file, path);
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function refuseUnlessSilent(file: OwnedFd, path: string): void {
  if (!fstatSync(file.fd).isSocket()) throw refusal(path, 'a file that is not a socket is there; move it away');
  using probe = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  const to = encodeUnix(`/proc/self/fd/${file.fd}`);
  scratch.buffer.set(to);
  const result = connect(probe.fd, scratch.address, to.length);
  if (result !== -Errno.ECONNREFUSED) throw refusal(path, 'another program listens there');
}

function refusal(path: string, why: string): WormholeError {
  return new WormholeError('WH_ERR_LISTEN', `cannot listen on unix://${path}: ${why}`, {
    detail: { errno: 'EADDRINUSE' },
  });
}

function exchanged(path: string): WormholeError {
  return refusal(path, 'somebody exchanged the file while it was made; use a directory that others cannot write');
}

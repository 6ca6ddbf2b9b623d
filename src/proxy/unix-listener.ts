/**
 * Makes the sockets that unix heads listen on, on the host or inside a container's root.
 *
 * The parent directory is opened first (inside the root, with every symlink resolved there) and the socket bound
 * through `/proc/self/fd/N/NAME`: nobody can swap a directory between the check and the bind, and a long path is no
 * problem. The socket is bound to a temporary name with its final mode and owner and renamed into place, so that no
 * one can connect to it before it has them. A file that nobody listens on is taken for stale and replaced; a living
 * socket, or anything that is not a socket, is left alone and refused.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, constants, lstatSync, openSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { WormholeError } from '../lib/errors.ts';
import { AF_UNIX, O_DIRECTORY, O_PATH, SOCK_STREAM } from '../sys/constants.ts';
import { check, Errno } from '../sys/errno.ts';
import { OwnedFd } from '../sys/fd.ts';
import { openInRoot } from '../sys/inroot.ts';
import { connect, listen } from '../sys/libc.ts';
import { NativeMemory } from '../sys/memory.ts';
import { encodeUnix, SOCKADDR_MAX } from '../sys/sockaddr.ts';
import { bindBytes, socketIn } from '../sys/sockets.ts';
import { BACKLOG, listenError } from './listener.ts';
import type { RootDirectory } from './route.ts';

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
    throw listenError('WH_ERR_LISTEN', what, error);
  }
}

function openParent({ path, root }: UnixListenAddress): OwnedFd {
  const parent = dirname(path);
  if (root !== undefined) return openInRoot(root.fd, parent, O_PATH | O_DIRECTORY);
  return new OwnedFd(openSync(parent, constants.O_RDONLY | constants.O_DIRECTORY));
}

function bindIn(directory: OwnedFd, address: UnixListenAddress): OpenUnixListener {
  const at = (name: string): string => `/proc/self/fd/${directory.fd}/${name}`;
  const final = at(basename(address.path));
  refuseUnlessStale(final, address.path);
  const temporary = at(`.${randomBytes(6).toString('hex')}.wormhole`);
  const socket = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  try {
    bindBytes(socket.fd, encodeUnix(temporary));
    try {
      chmodSync(temporary, address.mode ?? DEFAULT_MODE);
      if (address.owner !== undefined) chownSync(temporary, address.owner.uid, address.owner.gid);
      check('listen', listen(socket.fd, BACKLOG));
      renameSync(temporary, final);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  const ours = lstatSync(final);
  return {
    socket,
    [Symbol.dispose]() {
      const now = lookAt(final);
      // Somebody may have put another socket there meanwhile.
      if (now !== undefined && now.ino === ours.ino && now.dev === ours.dev) unlinkSync(final);
      directory[Symbol.dispose]();
      socket[Symbol.dispose]();
    },
  };
}

function refuseUnlessStale(file: string, shown: string): void {
  const found = lookAt(file);
  if (found === undefined) return;
  const refuse = (why: string): never => {
    throw new WormholeError('WH_ERR_LISTEN', `cannot listen on unix://${shown}: ${why}`, {
      detail: { errno: 'EADDRINUSE' },
    });
  };
  if (!found.isSocket()) refuse('a file that is not a socket is there; move it away');
  using probe = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  const to = encodeUnix(file);
  scratch.buffer.set(to);
  const result = connect(probe.fd, scratch.address, to.length);
  if (result !== -Errno.ECONNREFUSED) refuse('another program listens there');
}

function lookAt(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

/**
 * Files inside another root, e.g. a container's `/proc/PID/root`, opened so that no symlink leads out of it.
 *
 * A plain open of `/proc/PID/root/etc/x` follows an absolute symlink on *our* side, i.e. reads the host's file, and
 * blocks on a FIFO. openat2(2) with RESOLVE_IN_ROOT treats the directory as `/` for the whole lookup.
 */
import { O_CLOEXEC, RESOLVE_IN_ROOT } from './constants.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';

/** struct open_how { u64 flags, mode, resolve } */
const HOW_SIZE = 24;
const PATH_MAX = 4096;
const scratch = new NativeMemory(HOW_SIZE + PATH_MAX);

/**
 * @param root open directory (O_PATH will do); borrowed
 * @param path absolute or relative, looked up as if `root` were `/`
 * @param flags open(2) flags; O_CLOEXEC is added
 * @returns a new fd, owned by the caller, or `-errno`
 */
export function tryOpenInRoot(root: number, path: string, flags: number): number {
  const text = Buffer.from(path);
  if (text.length >= PATH_MAX || text.includes(0)) return -36; // ENAMETOOLONG
  scratch.view.setBigUint64(0, BigInt((flags | O_CLOEXEC) >>> 0), true);
  scratch.view.setBigUint64(8, 0n, true);
  scratch.view.setBigUint64(16, BigInt(RESOLVE_IN_ROOT), true);
  text.copy(scratch.buffer, HOW_SIZE);
  scratch.buffer[HOW_SIZE + text.length] = 0;
  return libc.openat2(root, scratch.address + HOW_SIZE, scratch.address, HOW_SIZE);
}

/** As {@link tryOpenInRoot}. @throws {SyscallError} ENOENT, EACCES, ENXIO (a FIFO without writer), ENOSYS before Linux 5.6 */
export function openInRoot(root: number, path: string, flags: number): OwnedFd {
  return new OwnedFd(check('openat2', tryOpenInRoot(root, path, flags)));
}

/**
 * Who is at the other end of a unix socket, as the kernel recorded it at connect time. See unix(7) SO_PEERCRED.
 */
import { SO_PEERCRED, SOL_SOCKET } from './constants.ts';
import { check } from './errno.ts';
import { getsockopt } from './libc.ts';
import { NativeMemory } from './memory.ts';

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const scratch = new NativeMemory(16);

/** @param fd a connected unix socket; borrowed @throws {SyscallError} ENOTSOCK, EBADF */
export function peerCredentials(fd: number): PeerCredentials {
  scratch.view.setUint32(12, 12, true);
  check('getsockopt', getsockopt(fd, SOL_SOCKET, SO_PEERCRED, scratch.address, scratch.address + 12));
  return {
    pid: scratch.view.getInt32(0, true),
    uid: scratch.view.getUint32(4, true),
    gid: scratch.view.getUint32(8, true),
  };
}

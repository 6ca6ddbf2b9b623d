/** Another descriptor of the same open file. */
import { F_DUPFD_CLOEXEC } from './constants.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';

/** A duplicate for another thread or owner. @throws {SyscallError} EBADF, EMFILE */
export function dupFd(fd: number): OwnedFd {
  return new OwnedFd(check('dup', libc.fcntl(fd, F_DUPFD_CLOEXEC, 0)));
}

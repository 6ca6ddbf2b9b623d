/**
 * Advisory whole-file locks: held as long as the descriptor is open, gone with the process however it ends.
 * See flock(2).
 */
import { LOCK_EX, LOCK_NB } from './constants.ts';
import { check, Errno } from './errno.ts';
import { flock } from './libc.ts';

/** @param fd an open file; borrowed @returns false when another open file description holds the lock */
export function tryLock(fd: number): boolean {
  const result = flock(fd, LOCK_EX | LOCK_NB);
  if (result === -Errno.EAGAIN) return false;
  check('flock', result);
  return true;
}

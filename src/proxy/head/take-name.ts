/**
 * Gives a finished socket file its name, without ever destroying one that came meanwhile.
 *
 * A free name is taken only while it is free. A stale file is exchanged with ours, then looked at: if it is another one
 * by now, e.g. the socket of a program that started in the same moment, the two are exchanged back.
 */
import { fstatSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../sys/constants.ts';
import { check, Errno } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { renameIn } from '../../sys/rename.ts';

/**
 * @param directory both names are in it; borrowed
 * @param stale what was seen under `name`; borrowed; absent = nothing
 * @returns false when something else is there now; nothing is changed then
 */
export function take(directory: number, temporary: string, name: string, stale: OwnedFd | undefined): boolean {
  const at = (entry: string): string => `/proc/self/fd/${directory}/${entry}`;
  const move = (flags: number): number => renameIn(directory, temporary, name, flags);
  const result = move(stale === undefined ? RENAME_NOREPLACE : RENAME_EXCHANGE);
  if (result === -Errno.EEXIST || result === -Errno.ENOENT) return false;
  if (result === -Errno.EINVAL) {
    // Some network file systems can only replace.
    renameSync(at(temporary), at(name));
    return true;
  }
  check('renameat2', result);
  if (stale === undefined) return true;
  if (isAt(stale, at(temporary))) {
    unlinkSync(at(temporary));
    return true;
  }
  check('renameat2', move(RENAME_EXCHANGE));
  return false;
}

/** True when `path` still names the open `file`. */
export function isAt(file: OwnedFd, path: string): boolean {
  const [ours, found] = [fstatSync(file.fd), lstatSync(path, { throwIfNoEntry: false })];
  return found !== undefined && found.ino === ours.ino && found.dev === ours.dev;
}

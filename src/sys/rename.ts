/** Renames inside one directory that never destroy what they did not expect to find, renameat2(2). */
import { Errno } from './errno.ts';
import { renameat2 } from './libc.ts';
import { NativeMemory } from './memory.ts';

const NAME_MAX = 255;
const scratch = new NativeMemory(2 * (NAME_MAX + 1));

/**
 * @param directory open directory (O_PATH will do); borrowed
 * @param from a name in it, as is `to`
 * @param flags RENAME_NOREPLACE or RENAME_EXCHANGE
 * @returns 0 or `-errno`: EEXIST, ENOENT, EINVAL where the file system cannot
 */
export function renameIn(directory: number, from: string, to: string, flags: number): number {
  const names = [Buffer.from(from), Buffer.from(to)];
  for (const [at, name] of names.entries()) {
    if (name.length > NAME_MAX || name.includes(0)) return -Errno.EINVAL;
    name.copy(scratch.buffer, at * (NAME_MAX + 1));
    scratch.buffer[at * (NAME_MAX + 1) + name.length] = 0;
  }
  return renameat2(directory, scratch.address, scratch.address + NAME_MAX + 1, flags);
}

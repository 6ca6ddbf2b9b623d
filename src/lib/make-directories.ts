/**
 * Makes a directory and those above it that are missing.
 *
 * Not `mkdir` with `recursive`: below /proc, where making a directory answers ENOENT although the one above exists,
 * Node 20 tries for ever and cannot be interrupted.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** No-op when it is there. @throws what mkdir(2) says, e.g. ENOENT, EACCES, EEXIST for what is no directory */
export function makeDirectories(path: string, mode: number): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  if (missing.length === 0) missing.push(path);
  for (const directory of missing) {
    try {
      mkdirSync(directory, { mode });
    } catch (error) {
      // Somebody else may have made it meanwhile.
      if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
  }
}

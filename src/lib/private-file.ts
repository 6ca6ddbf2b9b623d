/**
 * Files with secrets in them, as every program of ours reads them: opened once and judged by the descriptor, so that what was
 * checked is what is read. A FIFO blocks nobody: it is opened without waiting and then refused.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** Makes the error for a file that is not used, of one phrase of fact and one of remedy. */
export type Refuse = (fact: string, remedy: string, cause?: unknown) => Error;

/** What is known of a file without reading it. */
export interface PrivateFile {
  readonly stats: Stats;
  /** At most `maxBytes`; more is refused. */
  readonly read: () => Buffer;
}

export interface PrivateFileRules {
  readonly path: string;
  readonly maxBytes: number;
  readonly refuse: Refuse;
  /** What to do when there is no such file, when it may not be read, and when it is nothing of the kind. */
  readonly remedies: { readonly missing: string; readonly forbidden: string; readonly other: string };
}

/** Opens it for the length of `use`. @throws what `refuse` makes */
export function withPrivateFile<T>(rules: PrivateFileRules, use: (file: PrivateFile) => T): T {
  const fd = open(rules);
  try {
    const stats = fstatSync(fd);
    refuseUnsafe(rules, stats);
    return use({ stats, read: () => readAtMost(rules, fd) });
  } finally {
    closeSync(fd);
  }
}

function open({ path, refuse, remedies }: PrivateFileRules): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw refuse('does not exist', remedies.missing, cause);
    if (code === 'EACCES' || code === 'EPERM') throw refuse('may not be read by this user', remedies.forbidden, cause);
    throw refuse(`cannot be opened (${code ?? 'unknown error'})`, remedies.other, cause);
  }
}

function refuseUnsafe({ path, maxBytes, refuse, remedies }: PrivateFileRules, file: Stats): void {
  if (!file.isFile()) throw refuse('is not a regular file', remedies.other);
  // Windows has other access rights, and always the same mode.
  if (process.platform !== 'win32' && (file.mode & 0o077) !== 0) {
    const mode = (file.mode & 0o7777).toString(8).padStart(4, '0');
    throw refuse(`is open to group or others (mode ${mode})`, `chmod 600 ${path}`);
  }
  const self = process.geteuid?.() ?? file.uid;
  if (file.uid !== 0 && file.uid !== self) {
    throw refuse(`belongs to user ${file.uid}, not to root or this user`, `chown root ${path}`);
  }
  if (file.size > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`, remedies.other);
}

function readAtMost({ maxBytes, refuse, remedies }: PrivateFileRules, fd: number): Buffer {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
  } catch (cause) {
    throw refuse('cannot be read', remedies.other, cause);
  }
  if (length > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`, remedies.other);
  return buffer.subarray(0, length);
}

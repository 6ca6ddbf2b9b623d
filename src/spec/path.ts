/**
 * Paths of unix sockets and of files: what the kernel takes, and what a root daemon should accept.
 *
 * A path in a spec is absolute, because the daemon has no directory of the user's; relative ones are for the
 * CLI's own `-H`. Nothing is resolved here.
 */
import { invalid, isPrintable, show } from './invalid.ts';

/** Longest path in bytes: `sun_path` of unix(7) less its NUL. */
const PATH_BYTES = 107;

/** Checks an absolute socket path. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseSocketPath(text: string): string {
  if (!text.startsWith('/')) {
    throw invalid(`unix path ${show(text)} is not absolute; write unix:///PATH, and name a container by docker-ns`);
  }
  return parseAnyPath(text);
}

/** Checks a socket path that may be relative. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseAnyPath(text: string): string {
  if (!isPrintable(text)) throw invalid(`unix path ${show(text)} has characters that cannot be printed`);
  if (text.endsWith('/')) throw invalid(`unix path ${show(text)} names a directory; name the socket in it`);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > PATH_BYTES) {
    throw invalid(`unix path ${show(text)} is ${bytes} bytes long; the kernel takes ${PATH_BYTES}, use a shorter one`);
  }
  return text;
}

/** Longest path of a file in bytes: PATH_MAX less its NUL. */
const FILE_BYTES = 4095;

/** Checks an absolute path of a file. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseFilePath(text: string): string {
  if (!text.startsWith('/')) {
    throw invalid(`${show(text)} is relative; the command line makes it absolute, the daemon and its peers cannot`);
  }
  if (!isPrintable(text)) throw invalid(`${show(text)} has characters that cannot be printed`);
  const long = new TextEncoder().encode(text).length > FILE_BYTES;
  if (long || text.endsWith('/')) throw invalid(`${show(text)} is no path of a file`);
  return text;
}

/** The path without empty, `.` and `..` parts, to compare two spellings; links are not followed. */
export function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

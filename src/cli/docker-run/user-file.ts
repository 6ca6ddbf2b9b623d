/** A text file of the user's, named on the command line; a pipe or a device will do as well. */
import { createReadStream } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { show } from '../../spec/invalid.ts';
import type { RunFlagName } from '../../spec/run-flags.ts';

/** Bytes; what the files hold has to fit into one word in the end. */
const FILE_BYTES = 1024 * 1024;

/** @param flag that names the file @returns its text, without a byte order mark @throws {WormholeError} WH_ERR_FILE */
export async function readUserFile(path: string, flag: RunFlagName, signal: AbortSignal): Promise<string> {
  const shown = `docker-run: --${flag}: ${show(path)}`;
  const chunks: Buffer[] = [];
  try {
    // Bounded here and not by stat(2): /dev/zero has no size.
    const stream: AsyncIterable<Buffer> = createReadStream(path, { end: FILE_BYTES, signal });
    for await (const chunk of stream) chunks.push(chunk);
  } catch (cause) {
    signal.throwIfAborted();
    throw new WormholeError('WH_ERR_FILE', `${shown} ${reason(cause)}`, { cause });
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > FILE_BYTES) {
    throw new WormholeError('WH_ERR_FILE', `${shown} is longer than ${FILE_BYTES} bytes; is it the right file?`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WormholeError('WH_ERR_FILE', `${shown} is not text in UTF-8; save it as that`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by you',
  EPERM: 'may not be read by you',
  EISDIR: 'is a directory; name a file',
};

function reason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return reasons[code] ?? `cannot be read (${code === '' ? String(cause) : code})`;
}

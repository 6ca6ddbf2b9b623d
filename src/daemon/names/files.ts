/**
 * The resolver's files of a place, read as data: a container's own, through the descriptor of its root.
 *
 * A container may put anything there. No symlink leads out of its root; what is no regular file (a FIFO blocks, a
 * device acts when it is opened) is looked at without being opened; too large a file is no file. What
 * cannot be read counts as empty, as it does for the C library.
 */
import { constants, fstatSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { within } from '../../lib/deadline.ts';
import { O_PATH } from '../../sys/constants.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { openInRoot } from '../../sys/inroot.ts';
import type { Place } from '../places/place.ts';

export type ResolverFile = 'hosts' | 'resolv.conf';

/** Bytes; real ones have a few hundred. */
const maxSize = 64 * 1024;

/** @returns the file's text, '' when there is none that can be used */
export async function readResolverFile(place: Place, file: ResolverFile, signal: AbortSignal): Promise<string> {
  for (const path of pathsOf(place, file)) {
    signal.throwIfAborted();
    const text = await within(signal, readSmall(place, path));
    if (text !== undefined) return text;
  }
  return '';
}

/** As in ip-netns(8), a namespace with a name may have files of its own in /etc/netns/NAME. */
function pathsOf(place: Place, file: ResolverFile): string[] {
  const isNamed = place.namespace !== undefined && place.root === undefined;
  return [...(isNamed ? [`/etc/netns/${place.label}/${file}`] : []), `/etc/${file}`];
}

async function readSmall(place: Place, path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    // The first open has no effect on what it names; the second goes to the same inode, whatever the path is by then.
    using seen =
      place.root === undefined ? new OwnedFd(openSync(path, O_PATH)) : openInRoot(place.root.fd, path, O_PATH);
    if (!fstatSync(seen.fd).isFile()) return undefined;
    // From the pool, and not waited for for ever: a file system of the container's own may take its time.
    handle = await open(`/proc/self/fd/${seen.fd}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxSize + 1), 0, maxSize + 1, 0);
    return bytesRead > maxSize ? undefined : buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

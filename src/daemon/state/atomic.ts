/** Writes a small file so that after a crash either the old or the new content is there, whole. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Suffix of files that a crash may leave behind; they are nobody's. */
export const TEMPORARY = '.new';

/** Replaces `path`, mode 0600; resolves when content and name are on disk. @throws Node's SystemError */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = path + TEMPORARY;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes renames and removals in `directory` durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

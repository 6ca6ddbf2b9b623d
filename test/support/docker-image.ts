/** A 2 MB image out of the machine's own static busybox, so that no test ever pulls from a registry. */
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';

/** Applets the tests use inside containers. */
const applets = [
  'sh',
  'sleep',
  'cat',
  'nc',
  'ip',
  'wget',
  'httpd',
  'nslookup',
  'mkfifo',
  'ln',
  'ls',
  'rm',
  'mkdir',
  'cp',
  'mknod',
  'umount',
];

/** Imports the image as `tag` into the engine behind `docker`, which takes the tar stream as stdin. */
export async function importBusybox(
  tag: string,
  docker: (words: readonly string[], stdin?: string | Uint8Array) => Promise<string>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'wormhole-image-'));
  try {
    const rootfs = join(root, 'rootfs');
    for (const name of ['bin', 'etc', 'run', 'tmp', 'proc', 'sys', 'dev']) {
      await mkdir(join(rootfs, name), { recursive: true });
    }
    await copyFile('/bin/busybox', join(rootfs, 'bin/busybox'));
    for (const applet of applets) await symlink('busybox', join(rootfs, 'bin', applet));
    const archive = join(root, 'image.tar');
    await command('tar', ['-C', rootfs, '-cf', archive, '.']);
    await docker(['import', '--change', 'CMD ["sleep", "86400"]', archive, tag]);
  } finally {
    await rm(root, { recursive: true });
  }
}

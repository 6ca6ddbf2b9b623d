/** The image `wormhole/echo`: a service that echoes on a port, TCP and UDP; see `echo-service.c`. Compiled when it is wanted. */

import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';
import { DockerHost } from './docker-host.ts';

/** Words after it are PORT and DELAY_MS of `/bin/service`; with `--entrypoint sh` it is a small machine like any other. */
export const ECHO = 'wormhole/echo';

/** Why there can be none here, as a reason to skip a test; undefined when there can. */
export function missingEcho(): string | undefined {
  return DockerHost.missing() ?? (existsSync('/usr/bin/gcc') ? undefined : 'needs gcc (apt-get install gcc libc6-dev)');
}

/** Gives the engine the image; its ports default to 80, at once. */
export async function importEcho(host: DockerHost): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'wormhole-echo-'));
  try {
    const rootfs = join(root, 'rootfs');
    for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev'])
      await mkdir(join(rootfs, name), { recursive: true });
    await copyFile('/bin/busybox', join(rootfs, 'bin/busybox'));
    for (const applet of ['sh', 'sleep', 'cat', 'nc', 'httpd', 'ip', 'usleep', 'touch', 'test', 'yes', 'mkdir']) {
      await symlink('busybox', join(rootfs, 'bin', applet));
    }
    const source = join(import.meta.dirname, 'echo-service.c');
    await command('gcc', ['-O2', '-Wall', '-static', '-o', join(rootfs, 'bin/service'), source]);
    const archive = join(root, 'image.tar');
    await command('tar', ['-C', rootfs, '-cf', archive, '.']);
    const changes = ['--change', 'ENTRYPOINT ["/bin/service"]', '--change', 'CMD ["80"]'];
    await host.docker(['import', ...changes, archive, ECHO]);
  } finally {
    await rm(root, { recursive: true });
  }
}

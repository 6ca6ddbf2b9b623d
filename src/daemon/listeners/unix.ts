/**
 * A unix listener of the control API: the local way in, open to root and the group `wormhole`.
 *
 * Always a path in the file system, never an abstract name: those live in network namespaces, where a container on
 * the host's network could reach them.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { peerCredentials } from '../../sys/peercred.ts';
import type { Logger } from '../log.ts';
import { placeSocket } from './unix-place.ts';

const GROUP = 'wormhole';

export interface UnixListenerOptions {
  /** Absolute. */
  readonly path: string;
  /** Takes ownership of each connection. */
  readonly admit: (connection: Socket) => void;
  readonly log: Logger;
}

/** Disposing stops accepting and removes the socket file; admitted connections go on. */
export async function listenUnix({ path, admit, log }: UnixListenerOptions): Promise<AsyncDisposable> {
  // Paused until the API reads, so that nothing is lost; half-open as HTTP clients may close their writing side.
  const server = createServer({ pauseOnConnect: false, allowHalfOpen: true }, (socket) => {
    logPeer(socket, path, log);
    admit(socket);
  });
  const gid = await groupId(GROUP);
  const remove = await placeSocket(path, { mode: 0o660, ...(gid !== undefined && { gid }) }, async (temporary) => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: temporary }, resolve);
    });
    server.removeAllListeners('error');
  });
  server.on('error', (err) => log.error({ err, path }, 'control socket failed'));
  log.info({ path, group: gid === undefined ? null : GROUP }, 'control socket open');
  return {
    async [Symbol.asyncDispose]() {
      await remove();
      // Not awaited: `close` calls back after the last connection, and those belong to the API.
      server.close();
    },
  };
}

function logPeer(socket: Socket, path: string, log: Logger): void {
  const { _handle: handle } = socket as { _handle?: { readonly fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) return;
  try {
    const { pid, uid, gid } = peerCredentials(handle.fd);
    log.info({ path, peerPid: pid, peerUid: uid, peerGid: gid }, 'control connection');
  } catch (err) {
    log.debug({ err, path }, 'control connection of unknown origin');
  }
}

/** Group ids are read from the file: Node has no getgrnam, and a daemon's group is a local one. */
async function groupId(name: string): Promise<number | undefined> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  const line = text.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  return Number.isInteger(id) ? id : undefined;
}

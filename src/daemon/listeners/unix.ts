/**
 * A unix listener of the control API: the local way in, open to root and the group `wormhole`.
 *
 * Always a path in the file system, never an abstract name: those live in network namespaces, where a container on
 * the host's network could reach them.
 */
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { makeDirectories } from '../../lib/make-directories.ts';
import { openUnixListener } from '../../proxy/head/unix-listener.ts';
import { peerCredentials } from '../../sys/peercred.ts';
import type { Origin } from '../api/operations.ts';
import type { Logger } from '../log.ts';
import { groupNumber } from '../wormhole/owner.ts';

const GROUP = 'wormhole';

export interface UnixListenerOptions {
  /** Absolute. */
  readonly path: string;
  /** Takes ownership of each connection. */
  readonly admit: (connection: Socket, origin: Origin) => void;
  readonly log: Logger;
}

/**
 * Disposing stops accepting and removes the socket file; admitted connections go on.
 *
 * @throws {WormholeError} WH_ERR_LISTEN, also when another daemon listens there
 */
export async function listenUnix({ path, admit, log }: UnixListenerOptions): Promise<AsyncDisposable> {
  const gid = groupNumber(GROUP, undefined);
  const listener = await open(path, gid);
  // Half-open: an HTTP client may close its writing side and still wait for the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const origin = originOf(socket);
    log.debug({ path, origin }, 'control connection');
    admit(socket, origin);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: listener.socket.release() }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (err) => log.error({ err, path }, 'control socket failed'));
  log.info({ path, group: gid === undefined ? null : GROUP }, 'control socket open');
  return {
    [Symbol.asyncDispose]() {
      listener[Symbol.dispose]();
      // Not awaited: `close` calls back after the last connection, and those belong to the API.
      server.close();
      return Promise.resolve();
    },
  };
}

async function open(path: string, gid: number | undefined): Promise<ReturnType<typeof openUnixListener>> {
  try {
    makeDirectories(dirname(path), 0o755);
    const owner = gid === undefined ? {} : { owner: { uid: process.geteuid?.() ?? 0, gid } };
    return openUnixListener({ path, mode: 0o660, ...owner });
  } catch (cause) {
    if (WormholeError.is(cause) && cause.detail['errno'] === 'EADDRINUSE') {
      const hint = 'is another wormholed running? stop it or choose another path with --socket';
      throw new WormholeError('WH_ERR_LISTEN', `${cause.message}; ${hint}`, { cause, detail: cause.detail });
    }
    if (WormholeError.is(cause)) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_LISTEN', `cannot listen on unix://${path}: ${code}`, { cause });
  }
}

/** Who connected, as the kernel recorded it; ids of -1 when it cannot say any more. */
function originOf(socket: Socket): Origin {
  const { _handle: handle } = socket as { _handle?: { readonly fd?: number } };
  try {
    return { kind: 'local', ...peerCredentials(handle?.fd ?? -1) };
  } catch {
    return { kind: 'local', pid: 0, uid: -1, gid: -1 };
  }
}

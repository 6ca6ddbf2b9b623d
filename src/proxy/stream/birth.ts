/**
 * A connection is born of an accepted socket, or it never was: then its place is given back, and the socket is closed.
 */
import { close } from '../../sys/libc.ts';
import { Connection } from './connection.ts';
import type { ServedRoute } from './served-route.ts';

/**
 * @param fd an admitted connection, owned from now on
 * @throws {SyscallError} ENOSPC, ENOMEM: the kernel watches no more
 */
export function born(route: ServedRoute, fd: number, clientAddress: (() => string) | undefined): Connection {
  try {
    return new Connection(route, fd, clientAddress);
  } catch (error) {
    close(fd);
    route.unadmit();
    route.worker.neighbours.count(-1);
    throw error;
  }
}

/**
 * Servers in a network room: their sockets are made inside, Node serves them from here.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { AF_INET, AF_INET6, SOCK_STREAM } from '../../src/sys/constants.ts';
import { listen } from '../../src/sys/libc.ts';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { bindIp, socketIn } from '../../src/sys/sockets.ts';

/** A listening server, closed with all it accepted. */
export interface RoomServer extends AsyncDisposable {
  readonly clients: readonly Socket[];
}

/** Listens on a TCP port of the room. */
export async function listenIn(
  namespace: NetNamespace,
  port: number,
  onClient: (socket: Socket) => void = () => undefined,
  host = '127.0.0.1',
): Promise<RoomServer> {
  const socket = socketIn(namespace, host.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM);
  bindIp(socket.fd, { host, port });
  listen(socket.fd, 16);
  return await serveOn((server, done) => server.listen({ fd: socket.release() }, done), onClient);
}

/** Listens on a unix socket. */
export function listenAt(path: string, onClient: (socket: Socket) => void = () => undefined): Promise<RoomServer> {
  return serveOn((server, done) => server.listen(path, done), onClient);
}

async function serveOn(
  start: (server: Server, done: () => void) => void,
  onClient: (socket: Socket) => void,
): Promise<RoomServer> {
  const clients: Socket[] = [];
  const server = createServer((socket) => {
    clients.push(socket);
    socket.on('error', () => undefined);
    onClient(socket);
  });
  await new Promise<void>((resolve) => start(server, resolve));
  return {
    clients,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

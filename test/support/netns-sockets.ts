/** Clients and servers of a test in any namespace, while the test itself stays where it is. */
import { createServer, type Server, Socket } from 'node:net';
import { openIpListener } from '../../src/proxy/head/listener.ts';
import type { NetNamespace } from '../../src/sys/netns.ts';
import { tcpSocketIn } from '../../src/sys/sockets.ts';
import { Peer } from './relay-peer.ts';
import { within } from './relay-wait.ts';

export interface Endpoint {
  /** An IP literal. */
  readonly host: string;
  readonly port: number;
}

/** A socket that connects from `namespace`; half-closing, the caller's. */
export function socketTo({ host, port }: Endpoint, namespace: NetNamespace): Socket {
  const socket = new Socket({ fd: tcpSocketIn(namespace, host).release(), allowHalfOpen: true });
  socket.connect({ host, port, noDelay: true });
  return socket;
}

/** Connects from `namespace`; rejects when refused. */
export async function connectFrom(namespace: NetNamespace, to: Endpoint): Promise<Peer> {
  const socket = socketTo(to, namespace);
  await within(
    `a connection to ${to.host}:${to.port}`,
    new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    }),
  );
  return new Peer(socket);
}

/** A server in a namespace, closed with all it accepted. */
export interface ServerThere extends AsyncDisposable {
  readonly port: number;
  /** How many clients came so far. */
  readonly accepted: number;
}

/** Serves in `namespace`; port 0 = ephemeral. */
export async function serveIn(
  namespace: NetNamespace,
  where: Endpoint,
  onClient: (socket: Socket) => void,
): Promise<ServerThere> {
  const { socket, port } = openIpListener({ protocol: 'tcp', namespace, ...where });
  const clients = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted++;
    clients.add(client);
    client.on('error', () => undefined).once('close', () => clients.delete(client));
    onClient(client);
  });
  await new Promise<void>((resolve) => server.listen({ fd: socket.release() }, resolve));
  return {
    port,
    get accepted() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

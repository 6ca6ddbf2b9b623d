/**
 * The stream listener of a portable route: on a descriptor or on an address.
 */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { WormholeError } from '../../lib/errors.ts';
import { endpointText, type ListenAddress } from './listen-address.ts';
import { socketOptions } from './socket.ts';

/** A listening socket. */
export interface StreamListener {
  /** undefined for a descriptor that is no IP socket. */
  readonly address: ListenAddress | undefined;
  /** Frees the address at once; accepted clients are not touched. */
  close(): void;
}

/**
 * Listens and hands every client to `onClient`, which owns it.
 *
 * @throws {WormholeError} WH_ERR_LISTEN
 */
export function listenStream(
  where: ListenAddress | { readonly fd: number },
  onClient: (client: Socket) => void,
): Promise<StreamListener> {
  const server = createServer(socketOptions, (client) => {
    // a client that resets before anybody looks at it must not end the process
    client.on('error', () => undefined);
    onClient(client);
  });
  // as on Linux: an IPv6 listener never claims IPv4
  const options: ListenOptions = { ...where, ipv6Only: 'host' in where && where.host.includes(':') };
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(where, error)));
    server.listen(options, () => {
      server.removeAllListeners('error');
      // accept failed, e.g. EMFILE: libuv goes on by itself
      server.on('error', () => undefined);
      resolve({ address: addressOf(server), close: () => void server.close() });
    });
  });
}

function addressOf(server: Server): ListenAddress | undefined {
  const address = server.address();
  if (address === null || typeof address === 'string') return address === null ? undefined : { path: address };
  return { host: address.address, port: address.port };
}

/** Names the address in the error. */
export function listenFailure(where: ListenAddress | { readonly fd: number }, cause: Error): WormholeError {
  const text =
    'fd' in where ? `descriptor ${where.fd}` : 'path' in where ? where.path : endpointText(where.host, where.port);
  return new WormholeError('WH_ERR_LISTEN', `cannot listen on ${text}: ${cause.message}`, { cause });
}

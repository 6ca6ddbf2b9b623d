/**
 * Where clients of the tunnel come in: `[NAME=]HOST:PORT`, several with commas. With a name, only for agents of that name.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { formatPeer } from '../../carrier/peer.ts';
import { WormholeError } from '../../lib/errors.ts';
import { parsePort, splitHostPort } from '../../spec/host.ts';
import { invalid, show } from '../../spec/invalid.ts';

export interface Ingress {
  readonly agent: string | undefined;
  /** '' = every address. */
  readonly host: string;
  readonly port: number;
}

/** Clients at once per address; each may hold a window of bytes in both directions. */
const CLIENTS_MAX = 4_096;

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseIngress(text: string): Ingress[] {
  return text.split(',').map((one) => {
    const equals = one.indexOf('=');
    const agent = equals < 0 ? undefined : one.slice(0, equals);
    if (agent === '') throw invalid(`${show(one)} has no name before the "="`);
    return { agent, ...parseListen(one.slice(equals + 1)) };
  });
}

/** `HOST:PORT` or `:PORT`. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseListen(text: string): { host: string; port: number } {
  const { host, port } = splitHostPort(text);
  if (port === undefined || port === '') throw invalid(`${show(text)} has no port`);
  return { host, port: parsePort(port) };
}

/**
 * Listens, and hands each client on, paused.
 *
 * @returns the server; its owner closes it
 * @throws {WormholeError} WH_ERR_LISTEN
 */
export function listenTcp({ host, port }: Ingress, onClient: (client: Socket) => void): Promise<Server> {
  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    highWaterMark: 128 << 10,
  });
  server.maxConnections = CLIENTS_MAX;
  server.on('connection', (client) => {
    // One that resets before it is joined must not end the process.
    client.on('error', () => {});
    onClient(client);
  });
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const where = formatPeer(host === '' ? '*' : host, port);
      reject(new WormholeError('WH_ERR_LISTEN', `cannot listen on tcp ${where}: ${cause.code}`, { cause }));
    };
    server.once('error', failed);
    server.listen({ port, exclusive: true, ...(host !== '' && { host }) }, () => {
      server.off('error', failed);
      // Out of descriptors: that client is lost, the listener is not.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

/**
 * A portable route whose clients name their destination, with targets in this process: what `curl --proxy` meets.
 *
 *     client ──► route (127.0.0.1) ──► http: says what it was asked, and how many bytes · raw: whatever a test does
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { WormholeError } from '../../src/lib/errors.ts';
import type { Destination } from '../../src/proxy/connect/destination.ts';
import { startPortableDataPlane } from '../../src/proxy/portable/plane.ts';
import type { ConnectionRecord, ConnectOptions, NamedTargets, Route, RouteOptions } from '../../src/proxy/route.ts';

/** Bytes of `/bulk`. */
export const BULK = 24 << 20;

export interface ConnectRoute extends AsyncDisposable {
  readonly route: Route;
  /** Where the route listens. */
  readonly port: number;
  /** Of the web server. */
  readonly web: number;
  /** Of the server that hands each connection to {@link next}. */
  readonly raw: number;
  /** The connection that the raw server accepts next. */
  next(): Promise<Socket>;
  /** What was asked of the control plane, in order. */
  readonly asked: readonly Destination[];
  /** The record of the connection that ends next. */
  record(): Promise<ConnectionRecord>;
}

/** Names ending in `.test` are this machine; some of them are trouble. */
const trouble: Readonly<Record<string, WormholeError>> = {
  'denied.test': new WormholeError('WH_ERR_POLICY', 'policy: targets'),
  'nowhere.test': new WormholeError('WH_ERR_NAME_NOT_RESOLVED', 'no such host'),
  'late.test': new WormholeError('WH_ERR_TIMEOUT', 'no answer'),
  'down.test': new WormholeError('WH_ERR_PEER_UNREACHABLE', 'no control plane'),
};

export async function connectRoute(
  options: Partial<ConnectOptions> = {},
  more: Partial<RouteOptions> = {},
): Promise<ConnectRoute> {
  const plane = await startPortableDataPlane();
  const web = await webServer();
  const raw = createServer({ allowHalfOpen: true });
  raw.on('connection', (socket) => socket.on('error', () => undefined));
  const [webPort, rawPort] = [await listening(web), await listening(raw)];
  const asked: Destination[] = [];
  const records: ConnectionRecord[] = [];
  const waiting: ((record: ConnectionRecord) => void)[] = [];
  const route = await plane.open({
    id: 'test',
    kind: 'stream',
    balance: 'rr',
    connectTimeoutMs: 5000,
    connIdleMs: 0,
    halfOpenLingerMs: 0,
    flowIdleMs: 0,
    maxConns: 100,
    connect: { kind: 'any', deadlineMs: 10_000, ...options },
    askDestination: async (destination) => {
      asked.push(destination);
      return resolve(destination);
    },
    onClosed: (record) => {
      const wait = waiting.shift();
      if (wait === undefined) records.push(record);
      else wait(record);
    },
    ...more,
  });
  const head = await route.listenOn({ host: '127.0.0.1', port: 0 });
  return {
    route,
    port: 'port' in head ? head.port : 0,
    web: webPort,
    raw: rawPort,
    asked,
    next: async () => (await once(raw, 'connection'))[0] as Socket,
    record: () => {
      const record = records.shift();
      return record === undefined ? new Promise((settle) => waiting.push(settle)) : Promise.resolve(record);
    },
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]();
      web.closeAllConnections();
      web.close();
      raw.close();
    },
  };
}

function resolve({ host, port }: Destination): NamedTargets {
  const error = trouble[host];
  if (error !== undefined) throw error;
  const literal = isIP(host) !== 0 ? host : '127.0.0.1';
  const target = { member: 0, label: `${host}:${port}`, address: { kind: 'ip', host: literal, port } } as const;
  return { targets: [target], validForMs: 0 };
}

/** Answers with the length and the digest of what it was sent; `/bulk` with {@link BULK} zeros. */
async function webServer() {
  return createHttp((request, response) => {
    if (request.url === '/bulk') return void response.end(Buffer.alloc(BULK));
    const digest = createHash('sha256');
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      digest.update(chunk);
      length += chunk.length;
    });
    request.on('end', () =>
      response.end(`${request.method} ${request.headers.host} ${length} ${digest.digest('hex')}`),
    );
  });
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A client that dials the route itself. */
export async function dialRoute(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Everything that `socket` receives until its end; it may be written to afterwards. */
export async function untilEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** Resolves when it is closed, in whatever way. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

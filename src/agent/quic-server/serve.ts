/**
 * The server of the tunnel: clients come by TCP, agents by QUIC, and each client becomes a stream to an agent.
 *
 *   client ──TCP──► here ══QUIC══ agent ──TCP──► target
 *                        (the agent dialed)
 */
import { lookup } from 'node:dns/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import { formatPeer } from '../../carrier/peer.ts';
import { defaultQuicLimits } from '../../carrier/quic/config.ts';
import type { QuicConnection, QuicEngine, QuicListener, QuicListenOptions } from '../../carrier/quic/engine.ts';
import { quicheEngine } from '../../carrier/quic/quiche-engine.ts';
import { openedDuplex } from '../../carrier/quic/stream-duplex.ts';
import { WormholeError } from '../../lib/errors.ts';
import { Scope } from '../../lib/scope.ts';
import { join } from '../../proxy/portable/join.ts';
import type { Report } from '../report.ts';
import { type CredentialFiles, HALF_OPEN_LINGER_MS, readCredentials, tunnelTransport } from '../tunnel.ts';
import { Agents } from './agents.ts';
import { type Ingress, listenTcp } from './ingress.ts';
import { refuse } from './refuse.ts';
import { renew } from './renew.ts';

export interface QuicServerOptions {
  readonly tcp: readonly Ingress[];
  /** '' = every address. */
  readonly quic: { readonly host: string; readonly port: number };
  readonly files: CredentialFiles;
  /** False = node:dgram instead of our native sockets. */
  readonly native?: boolean;
}

/** A server that runs. */
export interface QuicServer extends AsyncDisposable {
  readonly tcp: readonly AddressInfo[];
  readonly quic: { readonly host: string; readonly port: number };
}

/**
 * Starts it, whole or not at all.
 *
 * @throws {WormholeError} WH_ERR_FILE, WH_ERR_CONFIG, WH_ERR_LISTEN, WH_ERR_UNSUPPORTED
 */
export async function startQuicServer(options: QuicServerOptions, report: Report): Promise<QuicServer> {
  await using building = new Scope('quic server');
  const { files, native = true } = options;
  const credentials = readCredentials(files, report);
  const agents = new Agents();
  const ending = new AbortController();
  const engine = building.use(await quicheEngine({ native }));
  building.defer(() => ending.abort());
  const listener: QuicListener = await listenOn(engine, options.quic, {
    credentials,
    transport: tunnelTransport,
    limits: defaultQuicLimits,
    onConnection: (connection) => welcome(connection, agents, report),
    onRefused: (from, reason) => report('warn', 'an agent was turned away', { from, reason }),
  });
  building.use(listener);
  report('info', 'listening for agents', { quic: formatPeer(listener.address.host, listener.address.port) });
  const servers: Server[] = [];
  for (const ingress of options.tcp) {
    const server = await listenTcp(ingress, (client) => void serve(client, ingress, agents, report, ending.signal));
    building.defer(() => void server.close());
    servers.push(server);
    const { address, port } = server.address() as AddressInfo;
    const only = ingress.agent === undefined ? {} : { agent: ingress.agent };
    report('info', 'listening for clients', { tcp: formatPeer(address, port), ...only });
  }
  building.use(renew(files, listener, report));
  const scope = new Scope('quic server');
  building.moveTo(scope);
  return {
    tcp: servers.map((server) => server.address() as AddressInfo),
    quic: listener.address,
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

/** The engine binds literals; every address is "::", and 0.0.0.0 where there is no IPv6. */
async function listenOn(
  engine: QuicEngine,
  { host, port }: QuicServerOptions['quic'],
  options: Omit<QuicListenOptions, 'address'>,
): Promise<QuicListener> {
  if (host !== '') return await engine.listen({ ...options, address: { host: await literal(host), port } });
  try {
    return await engine.listen({ ...options, address: { host: '::', port } });
  } catch (error) {
    const cause = WormholeError.is(error) ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    if (cause?.code !== 'EAFNOSUPPORT') throw error;
    return await engine.listen({ ...options, address: { host: '0.0.0.0', port } });
  }
}

async function literal(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new WormholeError('WH_ERR_LISTEN', `cannot listen on udp ${host}: it is no address of this machine`, {
      cause,
    });
  }
}

function welcome(connection: QuicConnection, agents: Agents, report: Report): void {
  const agent = agents.add(connection);
  const facts = { agent: agent.name, from: connection.peer.address };
  report('info', 'an agent is connected', { ...facts, protocol: connection.alpn, agents: agents.count });
  // Streams are ours to open.
  connection.onStream((stream) => stream.abort(0));
  connection.onClose((reason) => {
    agents.remove(agent);
    report(reason === undefined ? 'info' : 'warn', 'an agent is gone', {
      ...facts,
      reason: reason?.message ?? 'it said goodbye',
      agents: agents.count,
    });
  });
}

async function serve(
  client: Socket,
  ingress: Ingress,
  agents: Agents,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const from = formatPeer(client.remoteAddress, client.remotePort);
  const abort = (): void => void client.destroy();
  signal.addEventListener('abort', abort, { once: true });
  client.once('close', () => signal.removeEventListener('abort', abort));
  const found = await agents.open(ingress.agent);
  if (found === undefined) {
    report('warn', 'no agent for a client', { client: from });
    if (!client.destroyed) refuse(client);
    return;
  }
  const { agent, stream } = found;
  if (client.destroyed) {
    stream.abort(0);
    return;
  }
  const started = performance.now();
  const bytes = { in: 0, out: 0 };
  const { reason, detail } = await join(client, openedDuplex(stream), {
    connIdleMs: 0,
    halfOpenLingerMs: HALF_OPEN_LINGER_MS,
    count: (direction, count) => (bytes[direction] += count),
    signal,
  });
  report('debug', 'a client is served', {
    client: from,
    agent: agent.name,
    stream: stream.id,
    reason,
    ...(detail !== '' && { detail }),
    bytesIn: bytes.in,
    bytesOut: bytes.out,
    ms: Math.round(performance.now() - started),
  });
}

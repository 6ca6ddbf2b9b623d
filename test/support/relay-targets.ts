/**
 * Targets for relay tests: servers that echo, swallow, speak first, reset, refuse or stay silent.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../../src/proxy/portable/listen-address.ts';
import type { UpstreamAddress, UpstreamTarget } from '../../src/proxy/route.ts';
import { AF_INET, SOCK_STREAM } from '../../src/sys/constants.ts';
import type { OwnedFd } from '../../src/sys/fd.ts';
import { connect, listen } from '../../src/sys/libc.ts';
import { NativeMemory } from '../../src/sys/memory.ts';
import { encodeIp } from '../../src/sys/sockaddr.ts';
import { bindIp, localEndpoint, socketIn } from '../../src/sys/sockets.ts';
import { connectTo, Peer } from './relay-peer.ts';
import { until } from './relay-wait.ts';

/** A listening server, closed with everything it accepted. */
export interface TargetServer extends AsyncDisposable {
  readonly address: UpstreamAddress;
  /** Connections in the order they came; for servers without an `onClient` of their own. */
  readonly peers: readonly Peer[];
  /** How many clients came so far. */
  readonly accepted: number;
}

/** Serves every client with `onClient`; without it they are collected in {@link TargetServer.peers}. */
export async function serve(
  where: ListenAddress = { host: '127.0.0.1', port: 0 },
  onClient?: (socket: Socket) => void,
): Promise<TargetServer> {
  const sockets = new Set<Socket>();
  const peers: Peer[] = [];
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (onClient === undefined) peers.push(new Peer(socket));
    else onClient(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog: 4096 }, resolve);
  });
  return {
    address: addressOf(server),
    peers,
    get accepted() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function addressOf(server: Server): UpstreamAddress {
  const address = server.address();
  if (address === null) throw new Error('the server does not listen');
  if (typeof address === 'string') return { kind: 'unix', path: address };
  return { kind: 'ip', host: address.address, port: address.port };
}

/** Sends everything back, half-close included. */
export function echoServer(where?: ListenAddress): Promise<TargetServer> {
  return serve(where, (socket) => socket.pipe(socket));
}

/** Sends its name as soon as a client comes, then echoes: tells which member was reached. */
export function namedServer(name: string, where?: ListenAddress): Promise<TargetServer> {
  return serve(where, (socket) => {
    socket.write(name);
    socket.pipe(socket);
  });
}

/** The n-th client of a collecting server. */
export function peerOf(server: TargetServer, n = 0): Promise<Peer> {
  return until(`client ${n} reached the target`, () => server.peers[n]);
}

/** An address of 127.0.0.1 that refuses, because whoever had it has closed. */
export async function closedPort(): Promise<{ readonly host: string; readonly port: number }> {
  await using server = await serve();
  const { address } = server;
  if (address.kind !== 'ip') throw new Error('not an IP server');
  return { host: address.host, port: address.port };
}

/** An address that answers no SYN: its queue of one is full and nobody accepts. */
export async function silentTarget(): Promise<AsyncDisposable & { readonly address: UpstreamAddress }> {
  const listener = socketIn(undefined, AF_INET, SOCK_STREAM);
  bindIp(listener.fd, { host: '127.0.0.1', port: 0 });
  listen(listener.fd, 0);
  const { port = 0 } = localEndpoint(listener.fd) ?? {};
  const filler = await connectTo({ host: '127.0.0.1', port });
  return {
    address: { kind: 'ip', host: '127.0.0.1', port },
    async [Symbol.asyncDispose]() {
      await filler[Symbol.asyncDispose]();
      listener[Symbol.dispose]();
    },
  };
}

/** A socket that is connected to `address` when this resolves; whoever takes it owns it. */
export async function connectedSocket(
  address: UpstreamAddress,
): Promise<AsyncDisposable & { readonly socket: OwnedFd }> {
  if (address.kind !== 'ip') throw new Error('not an IP server');
  const socket = socketIn(undefined, AF_INET, SOCK_STREAM);
  const name = encodeIp(address);
  const memory = new NativeMemory(name.length);
  memory.buffer.set(name);
  // On the loopback the handshake is done when this returns, although a non-blocking socket does not say so.
  connect(socket.fd, memory.address, name.length);
  await Promise.resolve();
  return {
    socket,
    async [Symbol.asyncDispose]() {
      socket[Symbol.dispose]();
      await Promise.resolve();
    },
  };
}

/** As pool member `member`. */
export function member(
  address: UpstreamAddress | { readonly host: string; readonly port: number },
  n = 0,
): UpstreamTarget {
  return { member: n, label: `m${n}`, address: 'kind' in address ? address : { kind: 'ip', ...address } };
}

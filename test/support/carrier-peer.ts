/**
 * The far end of a carrier port, as friends and strangers present it: TLS clients, and a place for what they ask.
 */
import { connect as connectTcp, Socket as PlainSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { alpn, commonIdentity, tlsProfile } from '../../src/lib/tls-profile.ts';
import { socketPair } from '../../src/sys/sockets.ts';

/** How a TLS client's connection ended, or that it stands. */
export type Outcome = { readonly stream: TLSSocket } | { readonly error: string };

export interface PeerOptions {
  readonly port: number;
  readonly key?: Uint8Array;
  readonly identity?: string;
  /** Overrides of everything else. */
  readonly tls?: ConnectionOptions;
  /** Goes over this connection instead of one of its own. */
  readonly socket?: Duplex;
}

/** A TLS client of 127.0.0.1; resolves when the handshake is over either way. */
export function tlsPeer({ port, key, identity = commonIdentity, tls, socket }: PeerOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const stream = connect({
      ...tlsProfile,
      ca: [],
      ...(socket === undefined ? { host: '127.0.0.1', port } : { socket }),
      ALPNProtocols: [alpn.http],
      checkServerIdentity: () => undefined,
      ...(key !== undefined && { pskCallback: () => ({ psk: key, identity }) }),
      ...tls,
    });
    stream.allowHalfOpen = true;
    stream.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
    stream.once('close', () => resolve({ error: 'closed' }));
    stream.once('secureConnect', () => resolve({ stream }));
  });
}

/** Like {@link tlsPeer}, for those that are to succeed. */
export async function tlsFriend(options: PeerOptions): Promise<TLSSocket> {
  const outcome = await tlsPeer(options);
  if ('error' in outcome) throw new Error(`handshake failed: ${outcome.error}`);
  return outcome.stream;
}

/** A TCP connection to 127.0.0.1. */
export async function tcpPeer(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Everything a stream says until it ends or breaks. */
export function untilEnd(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** Resolves when a stream is closed; hangs up, as a peer does, when the other end does. */
export function closed(stream: Duplex): Promise<void> {
  stream.on('error', () => {});
  if (stream.destroyed) return Promise.resolve();
  if (stream.readableEnded) stream.end();
  stream.once('end', () => stream.end());
  stream.resume();
  return new Promise((resolve) => void stream.once('close', () => resolve()));
}

/** Two connected sockets of this process. */
export function plainPair(): [Socket, Socket] {
  const [a, b] = socketPair().map((end) => new PlainSocket({ fd: end.release(), allowHalfOpen: true }));
  for (const socket of [a, b]) socket?.on('error', () => {});
  return [a as Socket, b as Socket];
}

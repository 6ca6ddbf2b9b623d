/**
 * Two ends of QUIC in this process, with a CA of their own.
 */
import { createPrivateKey } from 'node:crypto';
import { issue } from '../../src/carrier/certs/issue.ts';
import { defaultQuicLimits, defaultTransport } from '../../src/carrier/quic/config.ts';
import type {
  QuicConnection,
  QuicConnectOptions,
  QuicCredentials,
  QuicEngine,
  QuicListener,
  QuicListenOptions,
  QuicStream,
} from '../../src/carrier/quic/engine.ts';
import { ownAlpn } from '../../src/carrier/quic/framing.ts';

export const SERVER_NAME = 'quic-tunnel-server';
export const transport = { ...defaultTransport, alpn: [ownAlpn] };

/** A CA, and what it signs. */
export class Pki {
  readonly #ca = issue({ commonName: 'ca', role: 'ca', names: [], days: 1 });

  credentials(role: 'server' | 'client', commonName: string = SERVER_NAME): QuicCredentials {
    const by = { cert: this.#ca.cert, key: createPrivateKey(this.#ca.key) };
    const { cert, key } = issue({ commonName, role, names: role === 'server' ? [commonName] : [], days: 1 }, by);
    return { ca: this.ca, cert: Buffer.from(cert), key: Buffer.from(key) };
  }

  get ca(): Buffer {
    return Buffer.from(this.#ca.cert);
  }
}

export const pki = new Pki();
export const server = pki.credentials('server');
export const client = pki.credentials('client', 'one');

/** A listener, who came to it, and who was turned away. */
export interface Listening extends AsyncDisposable {
  readonly listener: QuicListener;
  readonly refused: { readonly address: string; readonly reason: string }[];
  readonly came: QuicConnection[];
  next(): Promise<QuicConnection>;
}

export async function listen(engine: QuicEngine, changes: Partial<QuicListenOptions> = {}): Promise<Listening> {
  const refused: { address: string; reason: string }[] = [];
  const came: QuicConnection[] = [];
  const takers: ((connection: QuicConnection) => void)[] = [];
  let taken = 0;
  const listener = await engine.listen({
    address: { host: '127.0.0.1', port: 0 },
    credentials: server,
    transport,
    limits: defaultQuicLimits,
    onConnection: (connection) => {
      came.push(connection);
      const taker = takers.shift();
      if (taker === undefined) return;
      taken += 1;
      taker(connection);
    },
    onRefused: (address, reason) => refused.push({ address, reason }),
    ...changes,
  });
  return {
    listener,
    refused,
    came,
    next: () => {
      const waiting = came[taken];
      if (waiting === undefined) return new Promise((resolve) => takers.push(resolve));
      taken += 1;
      return Promise.resolve(waiting);
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

export function connect(
  engine: QuicEngine,
  port: number,
  changes: Partial<QuicConnectOptions> = {},
): Promise<QuicConnection> {
  return engine.connect({
    address: { host: '127.0.0.1', port },
    serverName: SERVER_NAME,
    credentials: client,
    transport,
    keepAliveMs: 2_000,
    handshakeMs: 5_000,
    signal: new AbortController().signal,
    ...changes,
  });
}

/** The next stream that the peer opens. */
export function streamOf(connection: QuicConnection): Promise<QuicStream> {
  return new Promise((resolve) => connection.onStream(resolve));
}

export function opened(connection: QuicConnection): QuicStream {
  const stream = connection.openStream();
  if (stream === undefined) throw new Error('the peer allows no more streams');
  return stream;
}

/**
 * The agent of the tunnel: dials the server and stays, and serves the streams that the server opens.
 *
 *   dial ─► connected ─► lost ─► dial at once ─► failed ─► wait, longer each time ─► dial …
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatPeer } from '../../carrier/peer.ts';
import type { QuicConnection, QuicEngine } from '../../carrier/quic/engine.ts';
import { quicheEngine } from '../../carrier/quic/quiche-engine.ts';
import { acceptedDuplex } from '../../carrier/quic/stream-duplex.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Report } from '../report.ts';
import { type CredentialFiles, KEEP_ALIVE_MS, readCredentials, tunnelTransport } from '../tunnel.ts';
import { Backoff } from './backoff.ts';
import type { Service, Upstream } from './pass-through.ts';

export interface QuicAgentOptions {
  readonly server: Upstream;
  readonly serverName: string;
  readonly files: CredentialFiles;
  readonly service: Service;
  /** End with the first failure, or loss, instead of dialing again. */
  readonly once: boolean;
  /** False = node:dgram instead of our native sockets. */
  readonly native?: boolean;
}

/** For each address of the server. */
const HANDSHAKE_MS = 3_000;

/**
 * Runs until `signal` aborts; with `once` until something fails.
 *
 * @throws {WormholeError} WH_ERR_FILE, WH_ERR_CONFIG, WH_ERR_UNSUPPORTED; with `once` why there is no connection
 */
export async function runQuicAgent(options: QuicAgentOptions, report: Report, signal: AbortSignal): Promise<void> {
  readCredentials(options.files, report);
  await using engine = await quicheEngine({ native: options.native ?? true });
  const backoff = new Backoff();
  const server = `${options.server.host}:${options.server.port}`;
  while (!signal.aborted) {
    try {
      report('info', 'dialing the server', { server });
      await stay(await dial(engine, options, report, signal), options.service, report, signal);
      backoff.succeeded();
    } catch (error) {
      if (signal.aborted) return;
      if (!WormholeError.is(error) || options.once || error.code === 'WH_ERR_CONFIG' || error.code === 'WH_ERR_FILE') {
        throw error;
      }
      if (error instanceof Lost) backoff.succeeded();
      report('warn', error instanceof Lost ? 'the server is gone' : 'cannot connect', {
        server,
        reason: error.message,
      });
    }
    await sleep(backoff.next(), undefined, { signal }).catch(() => {});
  }
}

/** A connection that had stood. */
class Lost extends WormholeError {}

/** Each address of the server, until one answers. The files are read each time: certificates are renewed. */
async function dial(
  engine: QuicEngine,
  { server, serverName, files }: QuicAgentOptions,
  report: Report,
  signal: AbortSignal,
): Promise<QuicConnection> {
  const credentials = readCredentials(files, () => {});
  let first: unknown;
  for (const host of await addressesOf(server.host)) {
    try {
      const connection = await engine.connect({
        address: { host, port: server.port },
        serverName,
        credentials,
        transport: tunnelTransport,
        keepAliveMs: KEEP_ALIVE_MS,
        handshakeMs: HANDSHAKE_MS,
        signal,
      });
      report('info', 'connected', { server: connection.peer.address, protocol: connection.alpn });
      return connection;
    } catch (error) {
      signal.throwIfAborted();
      first ??= at(formatPeer(host, server.port), error);
    }
  }
  throw first;
}

/** With the address that it is about. */
function at(address: string, error: unknown): unknown {
  if (!WormholeError.is(error) || error.code !== 'WH_ERR_PEER_UNREACHABLE') return error;
  const text = `${address}: ${error.message}; is the server of the tunnel running there, and does UDP get through?`;
  return new WormholeError(error.code, text, { cause: error, detail: { ...error.detail, address } });
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_NAME_NOT_RESOLVED', `${host} does not resolve (${code})`, { cause });
  }
}

/** Serves streams until the connection ends. @throws {Lost} unless `signal` ended it */
function stay(connection: QuicConnection, service: Service, report: Report, signal: AbortSignal): Promise<void> {
  const goodbye = (): void => connection.close();
  signal.addEventListener('abort', goodbye, { once: true });
  if (signal.aborted) goodbye();
  connection.onStream((stream) => {
    const duplex = acceptedDuplex(stream);
    // Breaks are the service's to deal with, once it has joined the stream.
    duplex.on('error', () => {});
    void service(duplex, report, signal);
  });
  return new Promise((resolve, reject) => {
    connection.onClose((reason) => {
      signal.removeEventListener('abort', goodbye);
      if (signal.aborted) resolve();
      else reject(new Lost(reason?.code ?? 'WH_ERR_PEER_UNREACHABLE', reason?.message ?? 'it said goodbye'));
    });
  });
}

/**
 * Opens the stream to a daemon: a unix socket as it is, a TCP connection with TLS around it.
 *
 * TLS and the key are loaded only when an endpoint needs them: the local socket is the path that must be quick.
 */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { destroyOnAbort } from './destroy-on-abort.ts';
import { connectFailure, type Endpoint } from './endpoint.ts';

/**
 * Opens a stream to `endpoint`, ready for a request.
 *
 * @param keyFile path of the key for TCP endpoints; undefined = the default one
 * @param signal  while it lives; its abort destroys the stream with the signal's reason, at any time
 * @returns the stream, owned by the caller
 * @throws {WormholeError} WH_ERR_DAEMON_UNREACHABLE, WH_ERR_PERMISSION, WH_ERR_NAME_NOT_RESOLVED, WH_ERR_PEER_AUTH,
 *   WH_ERR_KEY_FILE, WH_ERR_PROTOCOL, or the reason of `signal`
 */
export async function dial(endpoint: Endpoint, keyFile: string | undefined, signal: AbortSignal): Promise<Duplex> {
  signal.throwIfAborted();
  if (endpoint.kind === 'opened') {
    const stream = (await endpoint.open(signal)) as Duplex;
    destroyOnAbort(stream, signal);
    return stream;
  }
  if (endpoint.kind === 'unix') return open({ path: endpoint.path }, endpoint, signal);
  const { readKeyFile, defaultKeyPath } = await import('../lib/key-file.ts');
  const { secure } = await import('./dial-tls.ts');
  const path = keyFile ?? defaultKeyPath;
  const psk = readKeyFile(path);
  const raw = await open({ host: endpoint.host, port: endpoint.port, noDelay: true }, endpoint, signal);
  return secure(raw, { psk, keyPath: path, endpoint }, signal);
}

function open(options: NetConnectOpts, endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect(options);
    destroyOnAbort(socket, signal);
    const fail = (cause: unknown): void => reject(connectFailure(endpoint, cause));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/**
 * TLS around a TCP connection: the daemon proves that it holds our key before it hears a byte of a request.
 *
 * What is insisted on is that of `lib/tls-client.ts`; the words about it are the command line's.
 */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WormholeError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import { handshakeFault, provedByKey, strangerWords, tlsClientOptions } from '../lib/tls-client.ts';
import { alpn, commonIdentity } from '../lib/tls-profile.ts';
import { destroyOnAbort } from './destroy-on-abort.ts';
import { connectFailure, type Endpoint, formatEndpoint } from './endpoint.ts';

export interface TlsDial {
  readonly psk: Secret;
  /** For messages. */
  readonly keyPath: string;
  readonly endpoint: Endpoint;
}

/**
 * Runs the handshake on `raw`.
 *
 * @param raw taken: destroyed with the result, or when this fails
 * @throws {WormholeError} WH_ERR_PEER_AUTH, WH_ERR_PROTOCOL, WH_ERR_DAEMON_UNREACHABLE, or the reason of `signal`
 */
export function secure(raw: Socket, options: TlsDial, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const own = { identity: commonIdentity, key: options.psk.bytes(), protocol: alpn.http };
    const socket = connect(tlsClientOptions(raw, own));
    destroyOnAbort(socket, signal);
    const fail = (cause: unknown): void => reject(handshakeFailure(options, signal.aborted ? signal.reason : cause));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      if (provedByKey(socket, alpn.http)) return resolve(socket);
      socket.destroy();
      reject(strangerError(options, undefined));
    });
  });
}

function strangerError({ endpoint }: TlsDial, cause: unknown): WormholeError {
  const address = formatEndpoint(endpoint);
  return new WormholeError('WH_ERR_PEER_AUTH', strangerWords(address), { cause, detail: { address } });
}

function handshakeFailure(options: TlsDial, cause: unknown): WormholeError {
  if (WormholeError.is(cause)) return cause;
  const { endpoint, keyPath } = options;
  const address = formatEndpoint(endpoint);
  const failure = cause as NodeJS.ErrnoException;
  const { code = '' } = failure;
  const detail = { address, reason: code };
  switch (handshakeFault(failure)) {
    case 'stranger':
      return strangerError(options, cause);
    case 'key': {
      const text = `${address} does not accept the key in ${keyPath}; both machines need the same key.secret`;
      return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail });
    }
    case 'protocol': {
      const text = `${address} does not speak TLS 1.3 as wormholed does (${code}); is it another program's port?`;
      return new WormholeError('WH_ERR_PROTOCOL', text, { cause, detail });
    }
    case 'lost': {
      if (code !== 'ECONNRESET' && code !== 'EPIPE') return connectFailure(endpoint, cause);
      const text = `${address} closed the connection during the handshake; it is overloaded, or not a wormholed`;
      return new WormholeError('WH_ERR_DAEMON_UNREACHABLE', text, { cause, detail });
    }
  }
}

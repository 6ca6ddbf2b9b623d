/**
 * TLS around a TCP connection: the daemon proves that it holds our key before it hears a byte of a request.
 *
 * There are no certificates in this protocol. A server that answers with one, from whatever authority, is somebody
 * in the middle or somebody else's, and is refused; so is everything but TLS 1.3 with our key. There is no option
 * to turn any of this off, and no environment variable does (`NODE_TLS_REJECT_UNAUTHORIZED` is overridden).
 */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WormholeError } from '../lib/errors.ts';
import type { Secret } from '../lib/secret.ts';
import { alpn, commonIdentity, tlsProfile } from '../lib/tls-profile.ts';
import { destroyOnAbort } from './dial.ts';
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
    const socket = connect({
      ...tlsProfile,
      ca: [],
      socket: raw,
      ALPNProtocols: [alpn.http],
      pskCallback: () => ({ psk: options.psk.bytes(), identity: commonIdentity }),
      rejectUnauthorized: true,
      // Called only when the server answered with a certificate that some authority vouches for.
      checkServerIdentity: () => new Error('certificates are not used here'),
    });
    destroyOnAbort(socket, signal);
    const fail = (cause: unknown): void => reject(handshakeFailure(options, signal.aborted ? signal.reason : cause));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      if (provedByKey(socket)) return resolve(socket);
      socket.destroy();
      reject(strangerError(options, undefined));
    });
  });
}

/**
 * True when both ends proved the key. OpenSSL treats a PSK in TLS 1.3 as a resumption, and no session of ours is
 * ever offered, so "reused" means the key; the other conditions hold by construction and are checked all the same.
 */
function provedByKey(socket: TLSSocket): boolean {
  return (
    socket.isSessionReused() &&
    socket.getPeerX509Certificate() === undefined &&
    socket.getProtocol() === 'TLSv1.3' &&
    socket.alpnProtocol === alpn.http
  );
}

function strangerError({ endpoint }: TlsDial, cause: unknown): WormholeError {
  const address = formatEndpoint(endpoint);
  const text = `${address} answers with a certificate instead of our key: not a wormholed, or somebody in the middle`;
  return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail: { address } });
}

function handshakeFailure(options: TlsDial, cause: unknown): WormholeError {
  if (WormholeError.is(cause)) return cause;
  const { endpoint, keyPath } = options;
  const address = formatEndpoint(endpoint);
  const { code = '', message } = cause as { code?: string; message: string };
  const detail = { address, reason: code };
  if (message === 'certificates are not used here' || /CERT|ISSUER|SIGNATURE_FAILURE/.test(code)) {
    return strangerError(options, cause);
  }
  if (/ILLEGAL_PARAMETER|HANDSHAKE_FAILURE|DECRYPT_ERROR|UNKNOWN_PSK_IDENTITY/.test(code)) {
    const text = `${address} does not accept the key in ${keyPath}; both machines need the same key.secret`;
    return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail });
  }
  if (code.startsWith('ERR_SSL_')) {
    const text = `${address} does not speak TLS 1.3 as wormholed does (${code}); is it another program's port?`;
    return new WormholeError('WH_ERR_PROTOCOL', text, { cause, detail });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const text = `${address} closed the connection during the handshake; it is overloaded, or not a wormholed`;
    return new WormholeError('WH_ERR_DAEMON_UNREACHABLE', text, { cause, detail });
  }
  return connectFailure(endpoint, cause);
}

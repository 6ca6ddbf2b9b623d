/**
 * TLS to a peer that is dialed: it proves that it holds our key before it hears anything of us.
 *
 * Everything is pinned as on the side that is dialed (`handshake.ts`): TLS 1.3, our key, no certificate of anybody, and
 * the carrier's own ALPN name. See docs/design/0003-tls-psk.md.
 */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WormholeError } from '../../lib/errors.ts';
import { alpn, tlsProfile } from '../../lib/tls-profile.ts';
import { formatPeer } from '../peer.ts';
import type { KeyOfPeer } from '../secure-stream.ts';

/**
 * @param raw a connected socket with `allowHalfOpen`, taken: destroyed with the result, or when this fails
 * @param signal ends the handshake; not the connection, once it is made
 * @throws {WormholeError} WH_ERR_PEER_AUTH, WH_ERR_PROTOCOL, WH_ERR_PEER_UNREACHABLE; or the reason of `signal`
 */
export function secureToPeer(raw: Socket, { identity, key }: KeyOfPeer, signal: AbortSignal): Promise<TLSSocket> {
  const address = formatPeer(raw.remoteAddress, raw.remotePort);
  return new Promise((resolve, reject) => {
    const stream = connect({
      ...tlsProfile,
      ca: [],
      socket: raw,
      ALPNProtocols: [alpn.carrier],
      pskCallback: () => ({ psk: key, identity }),
      rejectUnauthorized: true,
      // Called only when the peer answered with a certificate that some authority vouches for.
      checkServerIdentity: () => new Error(certificates),
    });
    stream.allowHalfOpen = true;
    // TLS over TCP: each may report an error of its own, also when nobody waits any more.
    stream.on('error', () => {});
    const settle = (): void => signal.removeEventListener('abort', aborted);
    const fail = (error: unknown): void => {
      settle();
      stream.destroy();
      raw.destroy();
      reject(error);
    };
    const aborted = (): void => fail(signal.reason);
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted, { once: true });
    stream.once('error', (error) => fail(failureOfDial(address, error)));
    stream.once('close', () => fail(failureOfDial(address, Object.assign(new Error(), { code: 'ECONNRESET' }))));
    stream.once('secureConnect', () => {
      if (!provedByKey(stream)) return fail(strangerAt(address));
      settle();
      stream.removeAllListeners('close');
      resolve(stream);
    });
  });
}

const certificates = 'certificates are not used here';

/** OpenSSL treats an external PSK as a resumption, and no session of ours is ever offered: "reused" means the key. */
function provedByKey(stream: TLSSocket): boolean {
  return (
    stream.isSessionReused() &&
    stream.getPeerX509Certificate() === undefined &&
    stream.getProtocol() === 'TLSv1.3' &&
    stream.alpnProtocol === alpn.carrier
  );
}

/** Whoever answers does not hold our key. */
export function strangerAt(address: string, cause?: unknown): WormholeError {
  const text = `${address} answers with a certificate instead of our key: not a wormholed, or somebody in the middle`;
  return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail: { address } });
}

/** @param cause with the code that `node:tls` gives it: ERR_SSL_…, ECONNRESET */
export function failureOfDial(address: string, cause: NodeJS.ErrnoException): WormholeError {
  const { code = '', message } = cause;
  const detail = { address, reason: code };
  if (message === certificates || /CERT|ISSUER|SIGNATURE_FAILURE/.test(code)) return strangerAt(address, cause);
  if (/ILLEGAL_PARAMETER|HANDSHAKE_FAILURE|DECRYPT_ERROR|UNKNOWN_PSK_IDENTITY/.test(code)) {
    const text = `${address} does not accept our key; both machines need the same key file`;
    return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail });
  }
  if (/NO_APPLICATION_PROTOCOL/.test(code) || code.startsWith('ERR_SSL_')) {
    const text = `${address} does not speak to daemons as wormholed does (${code})`;
    return new WormholeError('WH_ERR_PROTOCOL', text, { cause, detail });
  }
  const text = `${address} ended the connection during the handshake (${code || message})`;
  return new WormholeError('WH_ERR_PEER_UNREACHABLE', text, { cause, detail });
}

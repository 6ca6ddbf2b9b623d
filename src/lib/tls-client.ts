/**
 * The end that dials in the one TLS profile: what it insists on, and what it means when the handshake fails.
 *
 * There are no certificates in this protocol. A server that answers with one, from whatever authority, is somebody in the
 * middle or somebody else's, and is refused; so is everything but TLS 1.3 with our key. There is no option to turn any of
 * this off, and no environment variable does (`NODE_TLS_REJECT_UNAUTHORIZED` is overridden). What to tell people is left to
 * who dials. See docs/design/0003-tls-psk.md.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { tlsProfile } from './tls-profile.ts';

export interface TlsClient {
  /** PSK identity that this end goes by. */
  readonly identity: string;
  readonly key: Uint8Array;
  /** ALPN name, the only one that is offered. */
  readonly protocol: string;
}

const certificates = 'certificates are not used here';

/** @param raw a connected socket, which the TLS connection takes */
export function tlsClientOptions(raw: Socket, { identity, key, protocol }: TlsClient): ConnectionOptions {
  return {
    ...tlsProfile,
    ca: [],
    socket: raw,
    ALPNProtocols: [protocol],
    pskCallback: () => ({ psk: key, identity }),
    rejectUnauthorized: true,
    // Called only when the server answered with a certificate that some authority vouches for.
    checkServerIdentity: () => new Error(certificates),
  };
}

/**
 * True when both ends proved the key. OpenSSL treats an external PSK in TLS 1.3 as a resumption, and no session of ours is
 * ever offered, so "reused" means the key; the other conditions hold by construction and are checked all the same.
 */
export function provedByKey(stream: TLSSocket, protocol: string): boolean {
  return (
    stream.isSessionReused() &&
    stream.getPeerX509Certificate() === undefined &&
    stream.getProtocol() === 'TLSv1.3' &&
    stream.alpnProtocol === protocol
  );
}

/**
 * `stranger`: it has a certificate instead of our key. `key`: it does not accept ours. `protocol`: it does not speak as we do.
 * `lost`: the connection ended, or whatever else can happen to one.
 */
export type HandshakeFault = 'stranger' | 'key' | 'protocol' | 'lost';

/** @param cause with the code that `node:tls` gives it: ERR_SSL_…, ECONNRESET */
export function handshakeFault({
  code = '',
  message,
}: Pick<NodeJS.ErrnoException, 'code' | 'message'>): HandshakeFault {
  if (message === certificates || /CERT|ISSUER|SIGNATURE_FAILURE/.test(code)) return 'stranger';
  if (/ILLEGAL_PARAMETER|HANDSHAKE_FAILURE|DECRYPT_ERROR|UNKNOWN_PSK_IDENTITY/.test(code)) return 'key';
  return code.startsWith('ERR_SSL_') ? 'protocol' : 'lost';
}

/** In words, of whoever is at `address`. */
export function strangerWords(address: string): string {
  return `${address} answers with a certificate instead of our key: not a wormholed, or somebody in the middle`;
}

/**
 * TLS to a peer that is dialed: it proves that it holds our key before it hears anything of us.
 *
 * Everything is pinned as on the side that is dialed (`handshake.ts`), by `lib/tls-client.ts`; the ALPN name is the carrier's.
 */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WormholeError } from '../../lib/errors.ts';
import { handshakeFault, provedByKey, strangerWords, tlsClientOptions } from '../../lib/tls-client.ts';
import { alpn } from '../../lib/tls-profile.ts';
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
    const stream = connect(tlsClientOptions(raw, { identity, key, protocol: alpn.carrier }));
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
      if (!provedByKey(stream, alpn.carrier)) return fail(strangerAt(address));
      settle();
      stream.removeAllListeners('close');
      resolve(stream);
    });
  });
}

/** Whoever answers does not hold our key. */
export function strangerAt(address: string, cause?: unknown): WormholeError {
  return new WormholeError('WH_ERR_PEER_AUTH', strangerWords(address), { cause, detail: { address } });
}

/** @param cause with the code that `node:tls` gives it: ERR_SSL_…, ECONNRESET */
export function failureOfDial(address: string, cause: NodeJS.ErrnoException): WormholeError {
  const { code = '', message } = cause;
  const detail = { address, reason: code };
  switch (handshakeFault(cause)) {
    case 'stranger':
      return strangerAt(address, cause);
    case 'key': {
      const text = `${address} does not accept our key; both machines need the same key file`;
      return new WormholeError('WH_ERR_PEER_AUTH', text, { cause, detail });
    }
    case 'protocol': {
      const text = `${address} does not speak to daemons as wormholed does (${code})`;
      return new WormholeError('WH_ERR_PROTOCOL', text, { cause, detail });
    }
    case 'lost': {
      const text = `${address} ended the connection during the handshake (${code || message})`;
      return new WormholeError('WH_ERR_PEER_UNREACHABLE', text, { cause, detail });
    }
  }
}

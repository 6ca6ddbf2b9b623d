/**
 * What is spoken inside TLS, by ALPN name. One more protocol is one more line of the table.
 */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { alpn } from '../lib/tls-profile.ts';
import { join } from './join.ts';
import type { CarrierLimits } from './limits.ts';
import type { CarrierPeer } from './peer.ts';
import type { SecureStream } from './secure-stream.ts';

/** Takes a stream whose peer is proved; must end in its destruction. */
export type Protocol = (stream: TLSSocket, peer: CarrierPeer) => void;

/** Opens the plaintext end of a connection to the control API; the stream belongs to the caller. */
export type OpenHttp = (peer: CarrierPeer) => Promise<Duplex>;

/** Name → protocol, the preferred one first. */
export function protocolTable(
  openHttp: OpenHttp,
  limits: CarrierLimits,
  onFailed: (peer: CarrierPeer, reason: string) => void,
  carrier: (stream: SecureStream, peer: CarrierPeer) => void,
): ReadonlyMap<string, Protocol> {
  const http: Protocol = (stream, peer) => {
    firstByte(stream, limits.firstByteMs, (came) => {
      if (!came) {
        stream.destroy();
        return;
      }
      openHttp(peer).then(
        (plain) => join(stream, plain, () => {}),
        (error: NodeJS.ErrnoException) => {
          stream.destroy();
          onFailed(peer, error.code ?? 'unknown');
        },
      );
    });
  };
  return new Map([
    [alpn.http, http],
    [alpn.carrier, carrier],
  ]);
}

/**
 * Waits for the first byte without taking it, so that a connection that asks for nothing costs a socket and a timer,
 * and nothing on the other side of the thread.
 */
function firstByte(stream: TLSSocket, ms: number, then: (came: boolean) => void): void {
  const done = (came: boolean): void => {
    clearTimeout(timer);
    stream.off('readable', readable);
    stream.off('close', closed);
    then(came);
  };
  const readable = (): void => done(stream.readableLength > 0);
  const closed = (): void => done(false);
  const timer = setTimeout(() => done(false), ms);
  stream.on('readable', readable);
  stream.once('close', closed);
}

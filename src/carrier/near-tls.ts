/**
 * node's TLS with peers, on sockets that are not paced on short ways (`sys/congestion.ts`): for a node whose OpenSSL cannot be had.
 */
import { Socket } from 'node:net';
import { socketFd } from '../lib/socket-fd.ts';
import { paceIfFar, startUnpaced } from '../sys/congestion.ts';
import { tcpSocketIn } from '../sys/sockets.ts';
import { secureToPeer } from './link/tls.ts';
import type { OtherTls } from './secure-stream.ts';

export const nearTls: OtherTls = {
  openSocket: openUnpaced,
  secureToPeer(raw, key, signal) {
    paceIfFar(socketFd(raw));
    return secureToPeer(raw, key, signal);
  },
  accept(raw, { onOther }) {
    paceIfFar(socketFd(raw));
    onOther();
  },
};

/** See `DialingTls.openSocket`; the caller sees to `paceIfFar`. */
export function openUnpaced(host: string): Socket {
  const made = tcpSocketIn(undefined, host);
  try {
    startUnpaced(made.fd);
    const socket = new Socket({ fd: made.fd, allowHalfOpen: true });
    made.release();
    return socket;
  } catch (error) {
    made[Symbol.dispose]();
    throw error;
  }
}

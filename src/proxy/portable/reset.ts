/**
 * Ends a socket so that its peer notices that something went wrong: with RST where there is one.
 */
import type { Socket } from 'node:net';

/** Resets a TCP socket; a unix socket, which has no reset, is closed. Safe to repeat. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // no address: a unix socket, or a peer that has already gone
  if (socket.remoteFamily === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Ends a socket so that its peer notices that something went wrong: with RST where there is one.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Resets a TCP socket; what has no reset (a unix socket) or resets by itself (a stream of a link) is destroyed. Safe to repeat. */
export function resetStream(stream: Duplex): void {
  if (stream.destroyed) return;
  // no address: a unix socket, or a peer that has already gone
  if (!(stream instanceof Socket) || stream.remoteFamily === undefined) stream.destroy();
  else stream.resetAndDestroy();
}

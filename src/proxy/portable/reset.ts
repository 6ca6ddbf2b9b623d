/**
 * Ends a stream so that its peer notices that something went wrong: with RST where there is one.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { remoteOf } from './socket.ts';

/** Resets a TCP socket; what has no reset (a unix socket) or resets by itself (a stream of a link) is destroyed. Safe to repeat. */
export function resetStream(stream: Duplex): void {
  if (stream.destroyed) return;
  if (!(stream instanceof Socket)) stream.destroy();
  // While a FIN is on its way to the kernel libuv refuses to reset, and node:net then leaks the descriptor.
  else if (stream.writableEnded && stream.writableLength === 0 && !stream.writableFinished) {
    stream.once('finish', () => resetStream(stream));
  }
  // no address: a unix socket, or a peer that has already gone
  else if (remoteOf(stream).host === undefined) stream.destroy();
  else stream.resetAndDestroy();
}

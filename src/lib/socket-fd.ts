/**
 * The descriptor of a socket of Node.js, connected or listening, for which it has no public word.
 */
import type { Server, Socket } from 'node:net';

/** @returns the number, borrowed; -1 when the socket is closed, or was never open */
export function socketFd(socket: Socket | Server): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

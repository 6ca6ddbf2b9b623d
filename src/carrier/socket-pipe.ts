/**
 * A connected `net.Socket` or `tls.TLSSocket` as a {@link BytePipe}.
 *
 * Takes the socket over: from `start` on nobody else may listen to it, write to it or end it. The socket must have been
 * made with `allowHalfOpen`, or ends its own direction when the other end does.
 */
import type { Socket } from 'node:net';
import type { BytePipe, PipeUser } from './byte-pipe.ts';

export function socketPipe(socket: Socket): BytePipe {
  let error: Error | undefined;
  return {
    start(user: PipeUser): void {
      socket.on('data', (bytes: Buffer) => user.onBytes(bytes));
      socket.on('drain', () => user.onDrain());
      socket.on('end', () => user.onEnd());
      socket.on('error', (cause) => (error = cause));
      socket.on('close', () => user.onClose(error));
    },
    write(slices: readonly Buffer[]): boolean {
      if (slices.length === 1) return socket.write(slices[0] as Buffer);
      // Corked, they leave in one writev: one system call, or one run of TLS records.
      socket.cork();
      let room = true;
      for (const slice of slices) room = socket.write(slice);
      socket.uncork();
      return room;
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

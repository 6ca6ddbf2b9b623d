/**
 * A connected `net.Socket` or `tls.TLSSocket` as a {@link BytePipe}.
 *
 * Takes the socket over: from `start` on nobody else may listen to it, write to it or end it. The socket must have been
 * made with `allowHalfOpen`, or ends its own direction when the other end does.
 *
 * Node can change no key of a TLS connection: one whose key has sealed as much as it may breaks, and what stands on it goes on over
 * the next, whose keys are new.
 */
import type { Socket } from 'node:net';
import type { BytePipe, PipeUser } from './byte-pipe.ts';

/** Bytes in a record (RFC 8446 §5.1). */
const recordBytes = 16_384;
/** AES-GCM takes 2^24.5 full records of one key (RFC 8446 §5.5). */
const mostRecords = 2 ** 23;

/** @param recordsPerKey for tests */
export function socketPipe(socket: Socket, recordsPerKey = mostRecords): BytePipe {
  let error: Error | undefined;
  let sealed = 0;
  const seals = (slices: readonly Buffer[]): boolean => {
    for (const { length } of slices) sealed += Math.ceil(length / recordBytes);
    return sealed <= recordsPerKey;
  };
  return {
    start(user: PipeUser): void {
      socket.on('data', (bytes: Buffer) => user.onBytes(bytes));
      socket.on('drain', () => user.onDrain());
      socket.on('end', () => user.onEnd());
      socket.on('error', (cause) => (error = cause));
      socket.on('close', () => user.onClose(error));
    },
    write(slices: readonly Buffer[]): boolean {
      if (!seals(slices)) {
        socket.destroy(new Error('its key has sealed as much as it may; the next connection has new ones'));
        return false;
      }
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

/**
 * How the sockets at both ends of a relayed connection are made.
 */
import { Socket } from 'node:net';
import type { OwnedFd } from '../../sys/fd.ts';

/** Bytes that a socket buffers per direction before its source is paused; one read of libuv is 64 KiB. */
const BUFFER_BYTES = 128 << 10;

/** What both sides of a relayed connection are made with. */
export const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  highWaterMark: BUFFER_BYTES,
} as const;

/**
 * Takes over a socket that was made by hand.
 *
 * @param made owned from now on
 * @param manualStart nothing is read before somebody wants to: for a socket that is not connected yet
 */
export function adopt(made: OwnedFd, manualStart = false): Socket {
  const { allowHalfOpen, highWaterMark } = socketOptions;
  // Not as options: those are for sockets that node:net connects itself, and it then takes a later call for done.
  const socket = new Socket({ fd: made.release(), allowHalfOpen, highWaterMark, manualStart } as SocketOptions);
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  // as with a dialed one: whoever joins it hears of errors, and none may end the process before
  socket.on('error', () => undefined);
  return socket;
}

/**
 * Looks whether a socket has an error that nothing told of yet, and waits until it is connected: to write nothing fails
 * with what befell the socket. libuv reads a reset that comes together with the last data as an end.
 */
export function look(socket: Socket, seen: (error: NodeJS.ErrnoException | undefined) => void): void {
  socket.write(nothing, (error) => seen(error ?? undefined));
}

const nothing = Buffer.alloc(0);

/** An address; without a host there is none, or nothing is known of it. */
export interface Endpoint {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * Who is at the other end. node:net throws where a link-local address names an interface that only another namespace
 * has.
 */
export function remoteOf(socket: Socket): Endpoint {
  try {
    return { host: socket.remoteAddress, port: socket.remotePort };
  } catch {
    return {};
  }
}

/** As {@link remoteOf}, of our end. */
export function localOf(socket: Socket): Endpoint {
  try {
    return { host: socket.localAddress, port: socket.localPort };
  } catch {
    return {};
  }
}

/** `manualStart` is in no type, and in every release. */
type SocketOptions = NonNullable<ConstructorParameters<typeof Socket>[0]> & { readonly manualStart: boolean };

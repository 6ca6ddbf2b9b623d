/**
 * One dial to one address with node:net.
 */
import { connect, type NetConnectOpts, Socket } from 'node:net';
import type { OwnedFd } from '../../sys/fd.ts';
import type { UpstreamAddress } from '../route.ts';

/** Bytes that a socket buffers per direction before its source is paused; one read of libuv is 64 KiB. */
export const BUFFER_BYTES = 128 << 10;

/** What both sides of a relayed connection are made with. */
export const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  highWaterMark: BUFFER_BYTES,
} as const;

/** setTimeout takes no more; longer is as good as never. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Connects to `address`.
 *
 * @param timeoutMs Infinity = the kernel's own
 * @returns the socket, paused, owned by the caller
 * @throws node's SystemError (ECONNREFUSED, …), ETIMEDOUT after `timeoutMs`, or the signal's reason
 */
export function attempt(address: UpstreamAddress, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const where: NetConnectOpts =
    address.kind === 'unix'
      ? { path: address.path }
      : { host: address.host, port: address.port, autoSelectFamily: false };
  return new Promise((resolve, reject) => {
    const socket = connect({ ...socketOptions, ...where });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.off('connect', connected);
    };
    const connected = (): void => {
      settle();
      socket.off('error', give);
      socket.pause();
      resolve(socket);
    };
    const give = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => give(signal.reason as Error);
    const timer = setTimeout(() => give(timedOut(timeoutMs)), Math.min(timeoutMs, TIMER_MAX_MS));
    signal.addEventListener('abort', aborted, { once: true });
    socket.once('connect', connected);
    // stays on after a failure: a socket that is given up may still report an error
    socket.on('error', give);
  });
}

/** Takes over a socket that somebody else connected, paused. @param connected owned from now on */
export function adopt(connected: OwnedFd): Socket {
  const socket = new Socket({ fd: connected.release(), ...socketOptions });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  // as with a dialed one: whoever joins it hears of errors, and none may end the process before
  socket.on('error', () => undefined);
  return socket;
}

function timedOut(ms: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ETIMEDOUT: no answer within ${Math.round(ms)} ms`), { code: 'ETIMEDOUT' });
}

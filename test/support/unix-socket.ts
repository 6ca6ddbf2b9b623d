/**
 * Unix sockets of tests, by path: who is there, who was, and why nobody may be.
 */
import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { WormholeError } from '../../src/lib/errors.ts';
import { openUnixListener, type UnixListenAddress } from '../../src/proxy/head/unix-listener.ts';
import { AF_UNIX, SOCK_STREAM } from '../../src/sys/constants.ts';
import { encodeUnix } from '../../src/sys/sockaddr.ts';
import { bindBytes, socketIn } from '../../src/sys/sockets.ts';

/** Nothing has that name. */
export const gone = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) === undefined;

/** Leaves a socket file whose owner has died without removing it. */
export function leaveStale(file: string): void {
  using socket = socketIn(undefined, AF_UNIX, SOCK_STREAM);
  bindBytes(socket.fd, encodeUnix(file));
}

/** 'connected', or the code of the error. */
export function reach(file: string): Promise<string> {
  const socket = connect(file);
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('connect', () => {
      resolve('connected');
      socket.destroy();
    });
  });
}

/** Why there can be no head. */
export function refusal(address: UnixListenAddress): WormholeError {
  try {
    openUnixListener(address)[Symbol.dispose]();
  } catch (error) {
    if (WormholeError.is(error)) return error;
    throw error;
  }
  throw new Error('it listens');
}

/**
 * Socket options that the relay sets by itself, without throwing: a socket that has just died is no news.
 * See tcp(7), socket(7).
 */
import {
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_PEEK,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../../sys/constants.ts';
import { getsockopt, recv, setsockopt } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';

/** Pending connections per listener; the kernel caps it at net.core.somaxconn. */
export const BACKLOG = 4096;
/** Seconds of silence before the first probe, between probes, and probes without answer until it is dead. */
const KEEPALIVE = { idle: 60, interval: 15, count: 4 } as const;

const scratch = new NativeMemory(16);

function set(fd: number, level: number, name: number, value: number): void {
  scratch.view.setInt32(0, value, true);
  setsockopt(fd, level, name, scratch.address, 4);
}

/** A peer that vanished without a word is noticed after two minutes. On a listener: for all it accepts. */
export function keepAlive(fd: number): void {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE.idle);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE.interval);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE.count);
}

/** What is written leaves at once. No effect on unix sockets. */
export function noDelay(fd: number): void {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

/** Makes the coming close send RST instead of FIN (SO_LINGER {on, 0 s}); no effect on unix sockets. */
export function resetOnClose(fd: number): void {
  scratch.view.setInt32(0, 1, true);
  scratch.view.setInt32(4, 0, true);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, scratch.address, 8);
}

/** Whether the other end has sent FIN and nothing before it. Takes nothing off the socket. */
export function endedUnheard(fd: number): boolean {
  return recv(fd, scratch.address, 1, MSG_PEEK | MSG_DONTWAIT) === 0;
}

/** Takes the pending error off a socket: positive errno, 0 = none. */
export function socketError(fd: number): number {
  scratch.view.setUint32(8, 4, true);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, scratch.address, scratch.address + 8);
  return scratch.view.getInt32(0, true);
}

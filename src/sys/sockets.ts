/**
 * Sockets made by hand, for everything that Node's `net` cannot do: in a namespace, by address, shared between
 * threads. Everything here is non-blocking and close-on-exec; each new descriptor is owned by the caller.
 *
 * Cold path only: the data path calls `libc.ts` itself, with memory of its own.
 */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from './constants.ts';
import { check } from './errno.ts';
import { OwnedFd } from './fd.ts';
import * as libc from './libc.ts';
import { NativeMemory } from './memory.ts';
import type { NetNamespace } from './netns.ts';
import { decodeIp, encodeIp, type IpEndpoint, SOCKADDR_MAX } from './sockaddr.ts';

const scratch = new NativeMemory(SOCKADDR_MAX + 10);
/** Where a socklen_t stands in {@link scratch}, behind the address and aligned. */
const LENGTH_AT = 112;

const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

/** Two connected unix stream sockets. */
export function socketPair(): [OwnedFd, OwnedFd] {
  check('socketpair', libc.socketpair(AF_UNIX, SOCK_STREAM | FLAGS, 0, scratch.address));
  return [new OwnedFd(scratch.view.getInt32(0, true)), new OwnedFd(scratch.view.getInt32(4, true))];
}

/** A socket in `namespace` (absent = this thread's). @throws {SyscallError} EMFILE, EPERM */
export function socketIn(namespace: NetNamespace | undefined, domain: number, type: number, protocol = 0): OwnedFd {
  const make = (): OwnedFd => new OwnedFd(check('socket', libc.socket(domain, type | FLAGS, protocol)));
  return namespace === undefined ? make() : namespace.enter(make);
}

/** An unconnected TCP socket for the family of `host`, ready for `new net.Socket({fd})`. */
export function tcpSocketIn(namespace: NetNamespace | undefined, host: string): OwnedFd {
  return socketIn(namespace, host.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM);
}

/** A UDP socket bound to an ephemeral port of the family of `host`, ready for `dgram.bind({fd})`. */
export function udpSocketIn(namespace: NetNamespace | undefined, host: string): OwnedFd {
  const v6 = host.includes(':');
  const socket = socketIn(namespace, v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
  try {
    bindIp(socket.fd, { host: v6 ? '::' : '0.0.0.0', port: 0 });
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  return socket;
}

/** @throws {SyscallError} EADDRINUSE, EADDRNOTAVAIL, EACCES */
export function bindIp(fd: number, endpoint: IpEndpoint): void {
  bindBytes(fd, encodeIp(endpoint));
}

/** Connects a datagram socket, or begins to connect a stream. @throws {SyscallError} ENETUNREACH, EINPROGRESS */
export function connectIp(fd: number, endpoint: IpEndpoint): void {
  connectBytes(fd, encodeIp(endpoint));
}

/** Connects to an encoded sockaddr. */
export function connectBytes(fd: number, address: Buffer): void {
  address.copy(scratch.buffer);
  check('connect', libc.connect(fd, scratch.address, address.length));
}

/** Binds to an encoded sockaddr. */
export function bindBytes(fd: number, address: Buffer): void {
  address.copy(scratch.buffer);
  check('bind', libc.bind(fd, scratch.address, address.length));
}

/** Sends a few bytes from an unconnected datagram socket, at once or not at all. @returns -errno when it failed */
export function sendTo(fd: number, bytes: Buffer, endpoint: IpEndpoint): number {
  const address = encodeIp(endpoint);
  address.copy(scratch.buffer);
  bytes.copy(scratch.buffer, address.length);
  return libc.sendto(
    fd,
    scratch.address + address.length,
    bytes.length,
    MSG_DONTWAIT | MSG_NOSIGNAL,
    scratch.address,
    address.length,
  );
}

/** Sets an int option. @throws {SyscallError} */
export function setOption(fd: number, level: number, name: number, value: number): void {
  scratch.view.setInt32(0, value, true);
  check('setsockopt', libc.setsockopt(fd, level, name, scratch.address, 4));
}

/** Reads an int option. @throws {SyscallError} */
export function getOption(fd: number, level: number, name: number): number {
  scratch.view.setUint32(LENGTH_AT, 4, true);
  check('getsockopt', libc.getsockopt(fd, level, name, scratch.address, scratch.address + LENGTH_AT));
  return scratch.view.getInt32(0, true);
}

/** Local IP endpoint of a socket, undefined for unix sockets. */
export function localEndpoint(fd: number): IpEndpoint | undefined {
  scratch.view.setUint32(LENGTH_AT, SOCKADDR_MAX, true);
  check('getsockname', libc.getsockname(fd, scratch.address, scratch.address + LENGTH_AT));
  return decodeIp(scratch.buffer);
}

/** Options every IP listener gets: quick rebinding, and IPv6 that never claims IPv4. */
export function prepareListener(fd: number, v6: boolean): void {
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (v6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

/**
 * UDP sockets of the portable data plane: the head, bound by descriptor or address, and the connected upstreams.
 *
 * Node reports ICMP errors of a connected socket as 'error' events, which end the process when nobody listens; every
 * socket made here has a listener from its first moment.
 */
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { fstatSync, readFileSync } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { kept } from '../../lib/volatile.ts';
import type { UpstreamTarget } from '../route.ts';
import type { SendReport } from './datagram-end.ts';
import type { ListenAddress } from './listen-address.ts';
import { listenFailure } from './listener.ts';
import type { Raw } from './raw.ts';

/** Bytes that may wait in user space for one socket; what comes on top is dropped, as a full kernel queue would. */
const QUEUE_MAX_BYTES = 1 << 20;

/** Binds the head; the caller owns it. @throws {WormholeError} WH_ERR_LISTEN */
export function bindDatagram(where: ListenAddress | { readonly fd: number }): Promise<Socket> {
  if ('path' in where) {
    return Promise.reject(new WormholeError('WH_ERR_UNSUPPORTED', 'a UDP head needs an IP address, not a path'));
  }
  const type = 'fd' in where ? familyOfFd(where.fd) : typeFor(where.host);
  const socket = createSocket({ type, ipv6Only: type === 'udp6' && !('fd' in where) });
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenFailure(where, error));
    socket.on('error', failed);
    socket.bind('fd' in where ? { fd: where.fd, exclusive: true } : { ...bindingOf(where), exclusive: true }, () => {
      resolve(socket);
    });
  });
}

function bindingOf({ host, port }: { readonly host: string; readonly port: number }): {
  address: string;
  port: number;
} {
  return { address: host, port };
}

/** Connects an upstream; the caller owns it. @throws node's SystemError, e.g. ENETUNREACH */
export function connectDatagram(
  target: UpstreamTarget,
  raw: Raw | undefined,
  onError: (error: Error) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close();
      reject(error);
    };
    const connected = (error?: Error): void => {
      // node:dgram tells a callback, instead of an 'error'
      if (error !== undefined) {
        failed(error);
        return;
      }
      socket.off('error', failed);
      socket.on('error', onError);
      resolve(socket);
    };
    const socket = raw === undefined ? connectHere(target, connected) : raw.connectDatagram(target, connected);
    socket.once('error', failed);
  });
}

function connectHere({ address }: UpstreamTarget, connected: (error?: Error) => void): Socket {
  if (address.kind !== 'ip') throw new Error('datagrams need an IP address');
  const socket = createSocket(typeFor(address.host));
  socket.connect(address.port, address.host, connected);
  return socket;
}

/** Sends unless too much waits already. */
export function sendDatagram(
  socket: Socket,
  data: Buffer,
  to: { readonly address: string; readonly port: number } | undefined,
  report: SendReport,
): void {
  if (socket.getSendQueueSize() > QUEUE_MAX_BYTES) {
    report.dropped(1);
    return;
  }
  const sent = (error: Error | null): void => {
    if (error === null) report.sent(1, data.length);
    else report.dropped(1);
  };
  // It may leave later.
  const own = kept(data);
  if (to === undefined) socket.send(own, sent);
  else socket.send(own, to.port, to.address, sent);
}

function typeFor(host: string): SocketType {
  return host.includes(':') ? 'udp6' : 'udp4';
}

/** Node must be told the family of a descriptor; the kernel lists its IPv6 UDP sockets by inode. See proc(5). */
function familyOfFd(fd: number): SocketType {
  const inode = String(fstatSync(fd).ino);
  try {
    const lines = readFileSync('/proc/thread-self/net/udp6', 'latin1').split('\n');
    return lines.some((line) => line.trim().split(/\s+/)[9] === inode) ? 'udp6' : 'udp4';
  } catch {
    return 'udp4'; // no IPv6 here
  }
}

/**
 * Makes the sockets that heads listen on: in a namespace, or at a path inside a root.
 *
 * The first station of a connection. The caller owns the descriptor and hands it to a route. See socket(7), unix(7).
 */
import { WormholeError } from '../../lib/errors.ts';
import { startUnpaced } from '../../sys/congestion.ts';
import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM, TCP_NODELAY } from '../../sys/constants.ts';
import { check } from '../../sys/errno.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { listen } from '../../sys/libc.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { formatIp } from '../../sys/sockaddr.ts';
import { bindIp, localEndpoint, prepareListener, setOption, socketIn } from '../../sys/sockets.ts';
import { prepareDatagramHead } from '../datagram/datagram-socket.ts';
import { BACKLOG, keepAlive } from '../stream/tcp.ts';

/** A head on an IP address. */
export interface IpListenAddress {
  readonly protocol: 'tcp' | 'udp';
  /** IP literal without brackets. */
  readonly host: string;
  /** 0 = ephemeral. */
  readonly port: number;
  /** Absent = the daemon's own. Borrowed. */
  readonly namespace?: NetNamespace;
}

/** A listening socket and the port it really has. */
export interface OpenListener {
  readonly socket: OwnedFd;
  readonly port: number;
}

/**
 * Opens a TCP or UDP head.
 *
 * @throws {WormholeError} WH_ERR_LISTEN with detail `{errno}` (EADDRINUSE, EADDRNOTAVAIL, EACCES …); WH_ERR_NAMESPACE
 */
export function openIpListener(address: IpListenAddress): OpenListener {
  const { protocol, host, port, namespace } = address;
  const v6 = host.includes(':');
  let socket: OwnedFd;
  try {
    socket = socketIn(namespace, v6 ? AF_INET6 : AF_INET, protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM);
  } catch (error) {
    throw listenError('WH_ERR_NAMESPACE', `cannot make a socket for ${formatIp(address)}`, error, namespaceRemedies);
  }
  try {
    if (protocol === 'tcp') prepareListener(socket.fd, v6);
    else prepareDatagramHead(socket.fd, v6);
    // An interface is named as the namespace names it, `%eth0` of a link-local address.
    if (namespace !== undefined && host.includes('%')) namespace.enter(() => bindIp(socket.fd, { host, port }));
    else bindIp(socket.fd, { host, port });
    if (protocol === 'tcp') {
      // Inherited by what is accepted, which saves calls per connection.
      setOption(socket.fd, IPPROTO_TCP, TCP_NODELAY, 1);
      keepAlive(socket.fd);
      startUnpaced(socket.fd);
      check('listen', listen(socket.fd, BACKLOG));
    }
    return { socket, port: localEndpoint(socket.fd)?.port ?? port };
  } catch (error) {
    socket[Symbol.dispose]();
    throw listenError('WH_ERR_LISTEN', `cannot listen on ${protocol}://${formatIp(address)}`, error, ipRemedies);
  }
}

/** What to do about an errno, appended to its name. */
type Remedies = Readonly<Record<string, string>>;

const ipRemedies: Remedies = {
  EADDRINUSE: ', another program listens there',
  EADDRNOTAVAIL: ', no interface of the namespace has this address',
  EACCES: ', ports below 1024 need CAP_NET_BIND_SERVICE',
};
const namespaceRemedies: Remedies = { EPERM: ', entering a namespace needs CAP_SYS_ADMIN' };

/** Adds the address, once, where it is known. */
export function listenError(
  code: 'WH_ERR_LISTEN' | 'WH_ERR_NAMESPACE',
  what: string,
  cause: unknown,
  remedies: Remedies = {},
): WormholeError {
  const errno = (cause as { readonly code?: unknown }).code;
  if (typeof errno === 'string') {
    return new WormholeError(code, `${what}: ${errno}${remedies[errno] ?? ''}`, { cause, detail: { errno } });
  }
  return new WormholeError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

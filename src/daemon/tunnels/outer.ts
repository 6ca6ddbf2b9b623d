/** What the way to a peer looks like from this host: the address that packets leave from. */
import { WormholeError } from '../../lib/errors.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../sys/constants.ts';
import { connectIp, localEndpoint, socketIn } from '../../sys/sockets.ts';

/** Any port: nothing is sent. */
const SOME_PORT = 9;

/** The address that this host has on the way to `remote`, a literal. @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
export function sourceTowards(remote: string): string {
  using socket = socketIn(undefined, remote.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
  try {
    // Of a datagram socket that only looks the way up.
    connectIp(socket.fd, { host: remote, port: SOME_PORT });
  } catch (cause) {
    throw new WormholeError('WH_ERR_PEER_UNREACHABLE', `there is no way to ${remote}`, { cause });
  }
  const { host } = localEndpoint(socket.fd) ?? {};
  if (host === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', `there is no way to ${remote}`);
  return host;
}

/**
 * The addresses of an accepted connection, for its record and for the PROXY protocol header.
 */
import { getpeername, getsockname } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { decodeIp, type IpEndpoint, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import type { ClientEndpoints } from './proxy-protocol.ts';

const LENGTH_AT = 112;
const scratch = new NativeMemory(LENGTH_AT + 4);

/** @returns undefined for a unix client, or one that is gone */
export function clientEndpoints(fd: number): ClientEndpoints | undefined {
  const peer = read(getpeername, fd);
  const local = read(getsockname, fd);
  if (peer === undefined || local === undefined) return undefined;
  return { sourceHost: peer.host, sourcePort: peer.port, destHost: local.host, destPort: local.port };
}

/** Address of the client behind `fd`; undefined for a unix client, or one that is gone. */
export function clientEndpoint(fd: number): IpEndpoint | undefined {
  return read(getpeername, fd);
}

/** Address of this end of `fd`; undefined for a unix socket, or one that is gone. */
export function localEndpoint(fd: number): IpEndpoint | undefined {
  return read(getsockname, fd);
}

function read(call: typeof getpeername, fd: number): IpEndpoint | undefined {
  scratch.view.setUint32(LENGTH_AT, SOCKADDR_MAX, true);
  return call(fd, scratch.address, scratch.address + LENGTH_AT) < 0 ? undefined : decodeIp(scratch.buffer);
}

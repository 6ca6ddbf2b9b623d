/**
 * Where a peer is, in the kernel's bytes; and whether a packet came from there, without making anything of it.
 */
import type { RemoteInfo } from 'node:dgram';
import { AF_INET } from '../../sys/constants.ts';
import { decodeIp, encodeIp, formatIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import { sourceControl } from '../../sys/source-address.ts';
import type { NativeSocket } from './native-sockets.ts';
import type { PacketOwner, Remote, Source } from './remote.ts';

const none = Buffer.alloc(0);

export class NativeRemote implements Remote {
  readonly socket: NativeSocket;
  readonly address: string;
  readonly endpoint: IpEndpoint;
  /** The sockaddr. */
  readonly name: Buffer;
  /** Ancillary data with our own address; empty when the system decides. */
  control: Buffer;

  constructor(socket: NativeSocket, to: IpEndpoint, local?: string) {
    this.socket = socket;
    this.name = encodeIp(to);
    // As the kernel's bytes read, so that an interface has its number and not its name.
    this.endpoint = decodeIp(this.name) ?? to;
    this.address = formatIp(this.endpoint);
    this.control = local === undefined || local.includes(':') !== to.host.includes(':') ? none : sourceControl(local);
  }

  send(packet: Buffer, owner: PacketOwner): void {
    this.socket.queue(this, packet, owner);
  }

  from(local: string): NativeRemote {
    return new NativeRemote(this.socket, this.endpoint, local);
  }

  /** The address in `control` is not ours any more. */
  forgetLocal(): void {
    this.control = none;
  }
}

/** The source of a datagram that libuv has read. */
export function wordSource(socket: NativeSocket, { address, port }: RemoteInfo): Source {
  // A link-local address has the name of its interface here.
  const from = address.includes('%')
    ? new NativeRemote(socket, { host: address, port }).endpoint
    : { host: address, port };
  return {
    is: (remote) =>
      remote instanceof NativeRemote &&
      remote.socket === socket &&
      remote.endpoint.port === port &&
      remote.endpoint.host === from.host,
    remote: (local) => new NativeRemote(socket, from, local),
  };
}

/** The source of a datagram that came in a batch: the sockaddr at `at`. */
export function nameSource(socket: NativeSocket, names: Buffer, at: number): Source {
  return {
    is: (remote) => remote instanceof NativeRemote && remote.socket === socket && sameName(remote.name, names, at),
    remote: (local) => {
      const from = decodeIp(names.subarray(at, at + 28)) as IpEndpoint;
      return new NativeRemote(socket, from, local);
    },
  };
}

function sameName(name: Buffer, names: Buffer, at: number): boolean {
  const sameEnd = names.compare(name, 0, 4, at, at + 4) === 0;
  if (!sameEnd) return false;
  if (name.readUInt16LE(0) === AF_INET) return names.compare(name, 4, 8, at + 4, at + 8) === 0;
  // flowinfo (bytes 4-7 of sockaddr_in6) is not part of who somebody is.
  return names.compare(name, 8, 28, at + 8, at + 28) === 0;
}

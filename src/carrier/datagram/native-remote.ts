/**
 * Where a peer is, in the kernel's bytes; and whether a packet came from there, without making anything of it.
 */
import type { RemoteInfo } from 'node:dgram';
import { AF_INET } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import type { Destination } from '../../sys/segments.ts';
import { decodeIp, encodeIp, formatIp, type IpEndpoint } from '../../sys/sockaddr.ts';
import { sourceControl } from '../../sys/source-address.ts';
import type { NativeSocket } from './native-sockets.ts';
import type { PacketOwner, Remote, Source } from './remote.ts';

const none = Buffer.alloc(0);

export class NativeRemote implements Remote, Destination {
  readonly socket: NativeSocket;
  readonly address: string;
  readonly endpoint: IpEndpoint;
  /** The sockaddr. */
  readonly name: Buffer;
  /** Ancillary data with our own address; empty when the system decides. */
  control: Buffer;
  /** Of what was sent last; a remote is one owner's. */
  #owner: PacketOwner | undefined;

  constructor(socket: NativeSocket, to: IpEndpoint, local?: string) {
    this.socket = socket;
    this.name = encodeIp(to);
    // As the kernel's bytes read, so that an interface has its number and not its name.
    this.endpoint = decodeIp(this.name) ?? to;
    this.address = formatIp(this.endpoint);
    this.control = local === undefined || local.includes(':') !== to.host.includes(':') ? none : sourceControl(local);
  }

  send(packet: Buffer, owner: PacketOwner): void {
    this.#owner = owner;
    if (!this.socket.queue(this, packet)) owner.dropped(1);
  }

  from(local: string): NativeRemote {
    return new NativeRemote(this.socket, this.endpoint, local);
  }

  /** EINVAL or ENETUNREACH, as the kernel likes, when the address to send from is not ours any more. */
  trouble(errno: number): boolean {
    if (errno === Errno.EMSGSIZE || this.control.length === 0) return false;
    this.control = none;
    return true;
  }

  /** Too large, no room, no route, or a firewall of this machine. */
  lost(packets: number, size: number, errno: number): void {
    if (errno === Errno.EMSGSIZE) this.#owner?.tooLarge(size);
    else this.#owner?.dropped(packets);
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

/** The source of what came in a batch, one message after the other: the sockaddr at `at`. */
export class NameSource implements Source {
  readonly #socket: NativeSocket;
  readonly #names: Buffer;
  #at = 0;
  /** Asked about last, of this message; a message has many packets. */
  #asked: Remote | undefined;
  #same = false;

  constructor(socket: NativeSocket, names: Buffer) {
    this.#socket = socket;
    this.#names = names;
  }

  /** The next message. */
  move(at: number): this {
    this.#at = at;
    this.#asked = undefined;
    return this;
  }

  is(remote: Remote): boolean {
    if (remote === this.#asked) return this.#same;
    this.#asked = remote;
    this.#same =
      remote instanceof NativeRemote && remote.socket === this.#socket && sameName(remote.name, this.#names, this.#at);
    return this.#same;
  }

  remote(local?: string): NativeRemote {
    const from = decodeIp(this.#names.subarray(this.#at, this.#at + 28)) as IpEndpoint;
    return new NativeRemote(this.#socket, from, local);
  }
}

function sameName(name: Buffer, names: Buffer, at: number): boolean {
  const sameEnd = names.compare(name, 0, 4, at, at + 4) === 0;
  if (!sameEnd) return false;
  if (name.readUInt16LE(0) === AF_INET) return names.compare(name, 4, 8, at + 4, at + 8) === 0;
  // flowinfo (bytes 4-7 of sockaddr_in6) is not part of who somebody is.
  return names.compare(name, 8, 28, at + 8, at + 28) === 0;
}

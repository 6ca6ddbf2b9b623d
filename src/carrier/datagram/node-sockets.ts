/**
 * UDP sockets where there is nothing but Node.js: one call for each packet. For an end that dials: that a port is taken is
 * found by nothing being heard on it.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { PacketOwner, Remote, Source } from './remote.ts';
import type { DatagramSocket, SocketAddress, SocketMaker, SocketUser } from './sockets.ts';

/** Bytes of UDP payload: a system that cuts larger packets by itself would make them look as if they passed. */
const largest = 1_452;

export class NodeSockets implements SocketMaker {
  open(address: SocketAddress, user: SocketUser): NodeSocket {
    return new NodeSocket(address, user);
  }

  flush(): void {
    // Nothing waits here.
  }
}

export class NodeSocket implements DatagramSocket {
  readonly #asked: SocketAddress;
  readonly #socket: Socket;
  #closed = false;

  constructor(address: SocketAddress, user: SocketUser) {
    this.#asked = address;
    const v6 = isIPv6(address.host.split('%')[0] ?? '');
    const type = v6 ? 'udp6' : 'udp4';
    // Only literals are ever sent to: no name is looked up.
    const lookup = (host: string, _options: unknown, done: (error: null, host: string, family: number) => void): void =>
      done(null, host, v6 ? 6 : 4);
    this.#socket = createSocket({ type, ipv6Only: v6, lookup });
    this.#socket.on('error', () => {});
    this.#socket.on('message', (packet, from) => user.received(packet, sourceOf(this, from)));
    this.#socket.bind(address.port, address.host);
  }

  get address(): SocketAddress {
    try {
      const { address, port } = this.#socket.address();
      return { host: address, port };
    } catch {
      return this.#asked; // not bound yet, or not any more
    }
  }

  remote(to: SocketAddress): NodeRemote {
    return new NodeRemote(this, to);
  }

  send(packet: Buffer, { host, port }: SocketAddress, owner: PacketOwner): void {
    if (this.#closed) return owner.dropped(1);
    if (packet.length > largest) return owner.tooLarge(packet.length);
    // A copy: it may leave later.
    this.#socket.send(Buffer.from(packet), port, host, (error: NodeJS.ErrnoException | null) => {
      if (error?.code === 'EMSGSIZE') owner.tooLarge(packet.length);
      else if (error !== null) owner.dropped(1);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

class NodeRemote implements Remote {
  readonly socket: NodeSocket;
  readonly to: SocketAddress;

  constructor(socket: NodeSocket, to: SocketAddress) {
    this.socket = socket;
    this.to = to;
  }

  get address(): string {
    const { host, port } = this.to;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  send(packet: Buffer, owner: PacketOwner): void {
    this.socket.send(packet, this.to, owner);
  }

  /** The system decides. */
  from(): NodeRemote {
    return this;
  }
}

function sourceOf(socket: NodeSocket, { address, port }: RemoteInfo): Source {
  return {
    is: (remote) =>
      remote instanceof NodeRemote && remote.socket === socket && remote.to.port === port && remote.to.host === address,
    remote: () => new NodeRemote(socket, { host: address, port }),
  };
}

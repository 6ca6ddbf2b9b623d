/**
 * UDP sockets on Linux: batches in and out (recvmmsg, sendmmsg) on an ordinary event loop.
 *
 * Where the thread's own event loop can be had it says when a socket is readable; else libuv does, by reading one datagram of
 * it: the others are taken in batches behind its back, so that its next read finds nothing. Packets that go the same way pass
 * the kernel as one (UDP_SEGMENT, UDP_GRO), they have DF set and may not be cut on their way. Memory is allocated once: one maker
 * per thread.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { ChaChaPoly } from '../../sys/chacha.ts';
import {
  AF_INET,
  AF_INET6,
  EPOLLIN,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_PROBE,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../sys/constants.ts';
import { eachPacket, receiveJoined } from '../../sys/control-data.ts';
import { Errno } from '../../sys/errno.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import type { Registration } from '../../sys/registration.ts';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import { bindIp, localEndpoint, setOption, socketIn } from '../../sys/sockets.ts';
import { NameSource, NativeRemote, wordSource } from './native-remote.ts';
import { SendQueue } from './send-queue.ts';
import type { DatagramSocket, SocketMaker, SocketUser } from './sockets.ts';

/** Messages in one call. */
const batch = 32;
/** Packets in one turn of the event loop, or a few more, so that a flood does not keep everything else waiting. */
const packetsPerTurn = 512;
/** Bytes of room for a burst while the thread is busy elsewhere. */
const bufferBytes = 4 << 20;

export class NativeSockets implements SocketMaker {
  readonly #incoming = new DatagramBatch(batch);
  readonly #queue = new SendQueue();
  readonly aead = ChaChaPoly.load();
  readonly soon: ((run: () => void) => void) | undefined;
  readonly #loop: EventLoop | undefined;

  /** @param loop of this thread; null = sockets are read by libuv */
  constructor(loop: EventLoop | null = EventLoop.here() ?? null) {
    this.#loop = loop ?? undefined;
    this.soon = loop?.soon.bind(loop);
  }

  open(address: IpEndpoint, user: SocketUser): NativeSocket {
    return new NativeSocket(address, { user, loop: this.#loop, incoming: this.#incoming, queue: this.#queue });
  }

  flush(): void {
    this.#queue.flush();
  }
}

interface NativeSocketParts {
  readonly user: SocketUser;
  readonly loop: EventLoop | undefined;
  readonly incoming: DatagramBatch;
  readonly queue: SendQueue;
}

export class NativeSocket implements DatagramSocket {
  readonly address: IpEndpoint;
  readonly #user: SocketUser;
  readonly #incoming: DatagramBatch;
  readonly #queue: SendQueue;
  /** Owned; read when the thread's event loop says so, else by libuv. */
  readonly #socket: OwnedFd | Socket;
  #registration: Registration | undefined;
  /** Borrowed from the socket; -1 once it is closed. */
  #fd: number;
  #left = packetsPerTurn;
  readonly #source: NameSource;
  /** One message may be several packets, all of the sender that the source stands at. */
  readonly #packet = (packet: Buffer): void => {
    this.#left -= 1;
    if (this.#fd >= 0) this.#user.received(packet, this.#source);
  };

  constructor(address: IpEndpoint, { user, loop, incoming, queue }: NativeSocketParts) {
    this.#user = user;
    this.#incoming = incoming;
    this.#queue = queue;
    this.#source = new NameSource(this, incoming.names.buffer);
    const v6 = isIPv6(address.host.split('%')[0] ?? '');
    const made = socketIn(undefined, v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    try {
      prepare(made.fd, v6);
      bindIp(made.fd, address);
      this.address = localEndpoint(made.fd) as IpEndpoint;
      this.#fd = made.fd;
      this.#registration = loop?.add(made.fd, () => this.#receive(), EPOLLIN);
      if (loop !== undefined) receiveJoined(made.fd);
      this.#socket = loop === undefined ? this.#onLibuv(made, v6) : made;
    } catch (error) {
      made[Symbol.dispose]();
      throw error;
    }
    // libuv allows the port to others of its kind, who would then receive in our place.
    setOption(this.#fd, SOL_SOCKET, SO_REUSEADDR, 0);
  }

  get fd(): number {
    return this.#fd;
  }

  remote(to: IpEndpoint, local?: string): NativeRemote {
    return new NativeRemote(this, to, local);
  }

  /** Packets to `remote` leave with the others of this turn, at the latest. @returns false when it is closed */
  queue(remote: NativeRemote, packet: Buffer): boolean {
    if (this.#fd < 0) return false;
    this.#queue.add(remote, packet);
    this.#user.flushDue();
    return true;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#queue.flush();
    this.#fd = -1;
    this.#registration?.remove();
    if (this.#socket instanceof OwnedFd) this.#socket[Symbol.dispose]();
    else this.#socket.close();
  }

  #onLibuv(made: OwnedFd, v6: boolean): Socket {
    const socket = createSocket(v6 ? 'udp6' : 'udp4');
    // An ICMP error is no reason to stop.
    socket.on('error', () => {});
    socket.on('message', (first, from) => {
      this.#user.received(first, wordSource(this, from));
      if (this.#left === packetsPerTurn) setImmediate(() => (this.#left = packetsPerTurn));
      this.#receive();
    });
    // The socket object closes it from here on.
    socket.bind({ fd: made.release() });
    return socket;
  }

  #receive(): void {
    if (this.#registration !== undefined) this.#left = packetsPerTurn;
    while (this.#left > 0 && this.#fd >= 0) {
      const incoming = this.#incoming;
      const count = incoming.receive(this.#fd);
      if (count === -Errno.EAGAIN) return;
      // An ICMP error is told once, and is no reason to stop.
      this.#left -= 1;
      if (count <= 0) continue;
      for (let i = 0; i < count; i += 1) {
        this.#source.move(incoming.nameAt(i));
        eachPacket(incoming, i, this.#packet);
      }
      incoming.rearm(count);
      if (count < incoming.capacity) return;
    }
    this.#registration?.again();
  }
}

function prepare(fd: number, v6: boolean): void {
  if (v6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (v6) setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  else setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  try {
    setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes);
  } catch {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, bufferBytes);
  }
  setOption(fd, SOL_SOCKET, SO_SNDBUF, bufferBytes);
}

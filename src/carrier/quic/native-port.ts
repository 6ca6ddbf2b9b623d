/**
 * The fast kind of port: recvmmsg with UDP_GRO in, sendmmsg with UDP_SEGMENT out.
 *
 * Native memory is never freed, so it is lent by a {@link PortMemory} and goes back to it: an agent that redials for months
 * uses the same block each time.
 */
import {
  AF_INET,
  AF_INET6,
  EPOLLIN,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_GRO,
} from '../../sys/constants.ts';
import { readControl } from '../../sys/control-data.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import { EventLoop } from '../../sys/event-loop.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import { DatagramBatch } from '../../sys/mmsg.ts';
import { Readiness, type Watched } from '../../sys/readiness.ts';
import type { Registration } from '../../sys/registration.ts';
import { SegmentBatch } from '../../sys/segments.ts';
import { bindIp, connectIp, localEndpoint, setOption, socketIn } from '../../sys/sockets.ts';
import type { QuicAddress } from './engine.ts';
import type { Port, Remote } from './port.ts';
import { RemoteTable, remoteOf } from './remote-table.ts';

const NOTHING = Buffer.alloc(0);
const BATCHES = 4;
/** Bytes that the kernel may hold for us; without root, as much as rmem_max allows. */
const SOCKET_BYTES = 4 << 20;

/** Native memory of one engine, i.e. of one thread. */
export class PortMemory implements Disposable {
  /** Used by one port at a time, within one call. */
  readonly incoming = new DatagramBatch(16);
  /** Says when a port is readable; where it cannot be had, a thread of the pool does. */
  readonly loop = EventLoop.here();
  readonly readiness = this.loop === undefined ? new Readiness() : undefined;
  readonly #idle: SegmentBatch[] = [];

  take(): SegmentBatch {
    const batch = this.#idle.pop() ?? new SegmentBatch(256 << 10, 64);
    batch.clear();
    return batch;
  }

  giveBack(batch: SegmentBatch): void {
    this.#idle.push(batch);
  }

  /** After its last port. */
  [Symbol.dispose](): void {
    this.readiness?.[Symbol.dispose]();
  }
}

export class NativePort implements Port {
  readonly local: QuicAddress;
  readonly remote: Remote | undefined;
  readonly #memory: PortMemory;
  readonly #outgoing: SegmentBatch;
  readonly prompt: boolean;
  readonly #watched: Watched | undefined;
  readonly #registration: Registration | undefined;
  /** There may be something to receive: nothing was found to be the end of it. */
  #more = true;
  readonly #socket: OwnedFd;
  readonly #remotes: RemoteTable;
  #done: (() => void) | undefined;
  #refused = false;
  #closed = false;

  private constructor(memory: PortMemory, socket: OwnedFd, to?: QuicAddress) {
    this.#memory = memory;
    this.#socket = socket;
    this.local = localEndpoint(socket.fd) ?? { host: '', port: 0 };
    this.#remotes = new RemoteTable(this.local);
    this.remote = to && remoteOf(to, this.local, NOTHING, NOTHING);
    const { loop, readiness } = memory;
    this.prompt = loop !== undefined;
    this.#watched = readiness?.add(socket.fd, () => this.#tell());
    this.#registration = loop?.add(
      socket.fd,
      () => {
        this.#more = true;
        this.#tell();
      },
      EPOLLIN,
    );
    this.#outgoing = memory.take();
  }

  /** @throws {SyscallError} EADDRINUSE, EADDRNOTAVAIL, EACCES, … */
  static listen(memory: PortMemory, address: QuicAddress): NativePort {
    return NativePort.#make(memory, address, (fd) => {
      const v6 = address.host.includes(':');
      // "::" takes IPv4, too; an IPv6 address of its own does not.
      if (v6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.host === '::' ? 0 : 1);
      if (v6) setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
      else setOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
      bindIp(fd, address);
    });
  }

  /** @throws {SyscallError} ENETUNREACH, … */
  static connect(memory: PortMemory, to: QuicAddress): NativePort {
    return NativePort.#make(memory, to, (fd) => connectIp(fd, to), to);
  }

  static #make(memory: PortMemory, near: QuicAddress, prepare: (fd: number) => void, to?: QuicAddress): NativePort {
    const socket = socketIn(undefined, near.host.includes(':') ? AF_INET6 : AF_INET, SOCK_DGRAM);
    try {
      enlarge(socket.fd, SO_RCVBUFFORCE, SO_RCVBUF);
      enlarge(socket.fd, SO_SNDBUFFORCE, SO_SNDBUF);
      attempt(() => setOption(socket.fd, IPPROTO_UDP, UDP_GRO, 1));
      prepare(socket.fd);
      return new NativePort(memory, socket, to);
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  }

  receive(take: (packet: Buffer, remote: Remote) => void): number {
    const { incoming } = this.#memory;
    let total = 0;
    // An edge that comes from here on is another event.
    this.#more = false;
    for (let turn = 0; turn < BATCHES && !this.#closed; turn += 1) {
      const count = incoming.receive(this.#socket.fd);
      if (count < 0) this.#refused ||= -count === Errno.ECONNREFUSED;
      // An error is told once, and hides what is behind it.
      if (count < 0) this.#more = -count !== Errno.EAGAIN;
      if (count <= 0) break;
      for (let i = 0; i < count; i += 1) total += this.#split(incoming, i, take);
      incoming.rearm(count);
      if (count < incoming.capacity) return total;
      this.#more = turn === BATCHES - 1;
    }
    return total;
  }

  /** One message may be several packets of the same sender. */
  #split(batch: DatagramBatch, i: number, take: (packet: Buffer, remote: Remote) => void): number {
    const { segment, source } = readControl(batch, i);
    const remote = this.remote ?? this.#remotes.find(batch, i, source);
    const bytes = batch.bytes(i);
    const step = segment > 0 ? segment : bytes.length;
    let count = 0;
    for (let at = 0; at < bytes.length && !this.#closed; at += step, count += 1) {
      take(bytes.subarray(at, at + step), remote);
    }
    return count;
  }

  refused(): boolean {
    const refused = this.#refused;
    this.#refused = false;
    return refused;
  }

  space(size: number): Buffer | undefined {
    return this.#outgoing.space(size);
  }

  commit(length: number, remote: Remote): void {
    this.#outgoing.commit(length, remote);
  }

  flush(): boolean {
    return this.#outgoing.flush(this.#socket.fd);
  }

  whenReadable(done: () => void): void {
    this.#done = done;
    this.#watched?.watch();
    if (this.#more) this.#registration?.again();
  }

  soon(run: () => void): void {
    if (this.#memory.loop === undefined) setImmediate(run);
    else this.#memory.loop.soon(run);
  }

  #tell(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#done = undefined;
    this.#watched?.remove();
    this.#registration?.remove();
    this.#socket[Symbol.dispose]();
    this.#memory.giveBack(this.#outgoing);
  }
}

function enlarge(fd: number, force: number, ask: number): void {
  if (!attempt(() => setOption(fd, SOL_SOCKET, force, SOCKET_BYTES))) {
    attempt(() => setOption(fd, SOL_SOCKET, ask, SOCKET_BYTES));
  }
}

/** Options that make it faster are worth asking for, and no more. */
function attempt(set: () => void): boolean {
  try {
    set();
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

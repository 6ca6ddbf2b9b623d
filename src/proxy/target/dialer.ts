/**
 * Starts connections to targets: in their namespace, inside their root, never waiting.
 *
 * "A dialer yields an fd": the caller owns it, watches it, and learns from its first event whether it is connected.
 * See connect(2), unix(7).
 */
import { startUnpaced } from '../../sys/congestion.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  CLONE_NEWNET,
  O_PATH,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import { tryOpenInRoot } from '../../sys/inroot.ts';
import { abort, close, connect, setns, socket } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { NetNamespace } from '../../sys/netns.ts';
import { encodeIp, encodeUnix, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { prepareDatagramSocket } from '../datagram/datagram-socket.ts';
import type { WireTarget } from '../messages.ts';
import type { UpstreamTarget } from '../route.ts';

/** A target as one worker dials it; its descriptors belong to the worker's route. */
export interface DialTarget extends UpstreamTarget {
  readonly domain: number;
  /** Encoded sockaddr; empty when {@link rootFd} decides, or the interfaces of the moment do. */
  readonly sockaddr: Buffer;
  readonly namespaceFd: number;
  readonly rootFd: number;
}

/** Encodes a target once, for all its connections. @throws {RangeError} for an address that cannot exist */
export function prepareTarget(wire: WireTarget, namespace: NetNamespace | undefined): DialTarget {
  const { member, label, address } = wire;
  const common = {
    member,
    label,
    ...(namespace !== undefined && { namespace }),
    namespaceFd: namespace === undefined ? -1 : namespace.fd,
  };
  if (address.kind === 'ip') {
    const sockaddr = address.host.includes('%') ? Buffer.alloc(0) : encodeIp(address);
    return { ...common, address, domain: address.host.includes(':') ? AF_INET6 : AF_INET, sockaddr, rootFd: -1 };
  }
  // No socket leads there; whoever can open a stream of a link does not dial this.
  if (address.kind === 'link') return { ...common, address, domain: -1, sockaddr: Buffer.alloc(0), rootFd: -1 };
  const { path, rootFd } = address;
  const sockaddr = rootFd < 0 ? encodeUnix(path) : Buffer.alloc(0);
  return { ...common, address: { kind: 'unix', path }, domain: AF_UNIX, sockaddr, rootFd };
}

/** One per worker. */
export class Dialer implements Disposable {
  readonly #scratch = new NativeMemory(SOCKADDR_MAX);
  /** The worker's own namespace, for the way back. */
  readonly #home = NetNamespace.current();
  /** True when the last {@link dial} is connected already (unix sockets never wait). */
  connected = false;

  /** @returns a non-blocking socket that is connecting and not paced (`paceIfFar` is the caller's), owned by the caller, or `-errno` */
  dial(target: DialTarget): number {
    const fd = this.#socket(target, SOCK_STREAM);
    if (fd < 0) return fd;
    if (target.domain !== AF_UNIX) startUnpaced(fd);
    const result = target.rootFd >= 0 ? this.#connectInRoot(fd, target) : this.#connectTo(fd, target);
    this.connected = result === 0;
    if (result === 0 || result === -Errno.EINPROGRESS) return fd;
    close(fd);
    return result;
  }

  /**
   * How far a {@link dial} to an IP address is that had to wait: connect(2) tells when it is called again.
   *
   * @returns 0 when it is connected, else `-errno`: EINPROGRESS when it must still wait
   */
  look(fd: number, target: DialTarget): number {
    const result = this.#connectTo(fd, target);
    return result === -Errno.EALREADY ? -Errno.EINPROGRESS : result;
  }

  /** @returns a UDP socket where `target` is, not connected yet, owned by the caller, or `-errno` */
  datagramSocket(target: DialTarget): number {
    const fd = this.#socket(target, SOCK_DGRAM);
    if (fd >= 0) prepareDatagramSocket(fd, target.domain === AF_INET6);
    return fd;
  }

  /** @returns a UDP socket connected to `target`, owned by the caller, or `-errno` */
  dialDatagram(target: DialTarget): number {
    const fd = this.datagramSocket(target);
    if (fd < 0) return fd;
    const result = this.#connectTo(fd, target);
    if (result === 0) return fd;
    close(fd);
    return result;
  }

  [Symbol.dispose](): void {
    this.#home[Symbol.dispose]();
  }

  #socket({ domain, namespaceFd }: DialTarget, kind: number): number {
    const type = kind | SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (namespaceFd < 0 || domain === AF_UNIX) return socket(domain, type, 0);
    const entered = setns(namespaceFd, CLONE_NEWNET);
    if (entered < 0) return entered;
    const fd = socket(domain, type, 0);
    // A worker in an unknown namespace would dial into the wrong machine for everybody else.
    if (setns(this.#home.fd, CLONE_NEWNET) < 0) abort();
    return fd;
  }

  #connectTo(fd: number, { address, sockaddr, namespace }: DialTarget): number {
    if (address.kind !== 'ip' || sockaddr.length > 0) return this.#connect(fd, sockaddr);
    // `%eth0` of a link-local address is what its namespace calls so now; interfaces come and go.
    try {
      const encode = (): Buffer => encodeIp(address);
      return this.#connect(fd, namespace === undefined ? encode() : namespace.enter(encode));
    } catch (error) {
      if (error instanceof RangeError) return -Errno.ENODEV;
      throw error;
    }
  }

  #connect(fd: number, sockaddr: Buffer): number {
    this.#scratch.buffer.set(sockaddr);
    return connect(fd, this.#scratch.address, sockaddr.length);
  }

  /** The socket file is opened inside the root, then dialed by descriptor: no symlink in it can lead outside. */
  #connectInRoot(fd: number, { rootFd, address }: DialTarget): number {
    if (address.kind !== 'unix') return -Errno.EINVAL;
    const file = tryOpenInRoot(rootFd, address.path, O_PATH);
    if (file < 0) return file;
    const result = this.#connect(fd, encodeUnix(`/proc/self/fd/${file}`));
    close(file);
    return result;
  }
}

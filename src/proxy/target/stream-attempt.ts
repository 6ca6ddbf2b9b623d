/**
 * One attempt to connect a stream socket, in the namespace or root of its destination, never waiting.
 *
 * The socket is raw: nothing may read from it, since it becomes the first client's connection, and the service may speak
 * first. Owns the socket until it is taken. See connect(2), tcp(7), unix(7).
 */
import { paceIfFar, startUnpaced } from '../../sys/congestion.ts';
import { AF_INET, AF_INET6, AF_UNIX, O_PATH, SOCK_STREAM } from '../../sys/constants.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { tryOpenInRoot } from '../../sys/inroot.ts';
import { close, connect } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { encodeIp, encodeUnix, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { socketIn } from '../../sys/sockets.ts';
import { isItsOwnPeer } from './own-peer.ts';

export type Destination =
  /** `host` is a literal. The namespace is borrowed; absent = the daemon's own. */
  | { readonly kind: 'ip'; readonly namespace: NetNamespace | undefined; readonly host: string; readonly port: number }
  /** `root` is a borrowed descriptor that the path is looked up in; absent = the daemon's own root. */
  | { readonly kind: 'unix'; readonly path: string; readonly root: number | undefined };

const scratch = new NativeMemory(SOCKADDR_MAX);

export class StreamAttempt implements Disposable {
  readonly #destination: Destination;
  readonly #socket: OwnedFd;
  readonly #sockaddr: Buffer;
  /** 0 = connected, EINPROGRESS = under way, else why not; positive errno. */
  state: number;

  /** @throws {SyscallError} when there can be no socket, or the address means nothing there (ENODEV) */
  constructor(destination: Destination) {
    this.#destination = destination;
    this.#sockaddr = addressOf(destination);
    this.#socket =
      destination.kind === 'unix'
        ? socketIn(undefined, AF_UNIX, SOCK_STREAM)
        : socketIn(destination.namespace, destination.host.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM);
    if (destination.kind === 'ip') startUnpaced(this.#socket.fd);
    this.state = this.#connect();
    // On one machine the answer is there already, but connect(2) looks before it takes it off the queue.
    if (this.state === Errno.EINPROGRESS) this.look();
  }

  /** Looks how far it is, which connect(2) tells when it is called again. */
  look(): void {
    const state = this.#connect();
    this.state = state === Errno.EALREADY ? Errno.EINPROGRESS : state;
    if (this.state === 0 && this.#destination.kind === 'ip' && isItsOwnPeer(this.#socket.fd))
      this.state = Errno.ECONNREFUSED;
  }

  /** Hands the connected socket over. */
  take(): OwnedFd {
    if (this.#destination.kind === 'ip') paceIfFar(this.#socket.fd);
    return new OwnedFd(this.#socket.release());
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #connect(): number {
    const { fd } = this.#socket;
    const { path, root } = this.#destination.kind === 'unix' ? this.#destination : { path: '', root: undefined };
    if (root === undefined) return -connectTo(fd, this.#sockaddr);
    // Opened inside the root, then dialed by descriptor: no symlink in it can lead outside.
    const file = tryOpenInRoot(root, path, O_PATH);
    if (file < 0) return -file;
    const result = connectTo(fd, encodeUnix(`/proc/self/fd/${file}`));
    close(file);
    return -result;
  }
}

function connectTo(fd: number, sockaddr: Buffer): number {
  scratch.buffer.set(sockaddr);
  return connect(fd, scratch.address, sockaddr.length);
}

/** Empty when the root decides. */
function addressOf(destination: Destination): Buffer {
  if (destination.kind === 'unix') {
    return destination.root === undefined ? encodeUnix(destination.path) : Buffer.alloc(0);
  }
  const { namespace, host } = destination;
  try {
    // `%eth0` of a link-local address is what its namespace calls so now.
    if (namespace !== undefined && host.includes('%')) return namespace.enter(() => encodeIp(destination));
    return encodeIp(destination);
  } catch (error) {
    if (error instanceof RangeError) throw new SyscallError('if_nametoindex', Errno.ENODEV);
    throw error;
  }
}

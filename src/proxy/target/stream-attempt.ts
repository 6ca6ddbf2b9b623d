/**
 * One attempt to connect a stream socket, in the namespace or root of its destination, never waiting.
 *
 * The socket is raw: nothing may read from it, since it becomes the first client's connection, and the service may speak
 * first. Owns the socket until it is taken. See connect(2), tcp(7), unix(7).
 */

import { AF_INET, AF_INET6, AF_UNIX, O_PATH, SOCK_STREAM } from '../../sys/constants.ts';
import { Errno, SyscallError } from '../../sys/errno.ts';
import { OwnedFd } from '../../sys/fd.ts';
import { tryOpenInRoot } from '../../sys/inroot.ts';
import { close, connect, getpeername, getsockname } from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { encodeIp, encodeUnix, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { socketIn } from '../../sys/sockets.ts';
import { resetOnClose } from '../stream/tcp.ts';

export type Destination =
  /** `host` is a literal. The namespace is borrowed; absent = the daemon's own. */
  | { readonly kind: 'ip'; readonly namespace: NetNamespace | undefined; readonly host: string; readonly port: number }
  /** `root` is a borrowed descriptor that the path is looked up in; absent = the daemon's own root. */
  | { readonly kind: 'unix'; readonly path: string; readonly root: number | undefined };

/** Two addresses with their lengths: the one to connect to, or both ends of a socket. */
const SLOT = 128;
const LENGTH_AT = 112;
const scratch = new NativeMemory(2 * SLOT);

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
    this.state = this.#connect();
    // On one machine the answer is there already, but connect(2) looks before it takes it off the queue.
    if (this.state === Errno.EINPROGRESS) this.look();
  }

  /** Looks how far it is, which connect(2) tells when it is called again. */
  look(): void {
    const state = this.#connect();
    this.state = state === Errno.EALREADY ? Errno.EINPROGRESS : state;
    if (this.state === 0 && this.#isItsOwnPeer()) this.state = Errno.ECONNREFUSED;
  }

  /** Hands the connected socket over. */
  take(): OwnedFd {
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

  /**
   * Where nobody listens on a port of the ephemeral range, each attempt may be given that very port as its source, and
   * connects to itself (simultaneous open, RFC 9293 §3.5). Reset, because its TIME-WAIT would keep the service from binding.
   */
  #isItsOwnPeer(): boolean {
    if (this.#destination.kind === 'unix') return false;
    const { fd } = this.#socket;
    for (const [slot, ask] of [getsockname, getpeername].entries()) {
      scratch.view.setUint32(slot * SLOT + LENGTH_AT, SOCKADDR_MAX, true);
      if (ask(fd, scratch.address + slot * SLOT, scratch.address + slot * SLOT + LENGTH_AT) < 0) return false;
    }
    const length = scratch.view.getUint32(LENGTH_AT, true);
    if (scratch.buffer.compare(scratch.buffer, SLOT, SLOT + length, 0, length) !== 0) return false;
    resetOnClose(fd);
    return true;
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

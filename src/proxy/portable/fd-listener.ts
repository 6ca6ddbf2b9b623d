/**
 * A listening descriptor on the thread's own event loop (Linux): clients are accepted by hand, and stay descriptors.
 */
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../../sys/constants.ts';
import { check, Errno } from '../../sys/errno.ts';
import type { EventLoop, Registration } from '../../sys/event-loop.ts';
import { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { decodeIp, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { endpointText } from './listen-address.ts';

/** Connections that the kernel queues; as node:net. */
const backlog = 511;
/** Accepted before it is another's turn. */
const turn = 64;
/** Milliseconds until the next try when there are no descriptors, or no memory. */
const pauseMs = 50;
const one = new NativeMemory(4);
one.view.setInt32(0, 1, true);
const peer = new NativeMemory(SOCKADDR_MAX + 18);
const lengthAt = 112;

export class FdListener implements Disposable {
  readonly #socket: OwnedFd;
  readonly #onClient: (client: OwnedFd, from: string) => void;
  readonly #registration: Registration;
  #pause: NodeJS.Timeout | undefined;

  /**
   * @param socket bound, non-blocking; owned from now on
   * @param onClient owns the client @param client non-blocking @throws {SyscallError} EADDRINUSE
   */
  constructor(loop: EventLoop, socket: OwnedFd, onClient: (client: OwnedFd, from: string) => void) {
    this.#socket = socket;
    this.#onClient = onClient;
    check('listen', libc.listen(socket.fd, backlog));
    this.#registration = loop.add(socket.fd, () => this.#accept());
  }

  /** Frees the address at once; accepted clients are not touched. */
  [Symbol.dispose](): void {
    if (!this.#socket.open) return;
    clearTimeout(this.#pause);
    this.#registration.remove();
    this.#socket[Symbol.dispose]();
  }

  #accept(): void {
    for (let accepted = 0; accepted < turn && this.#socket.open; accepted += 1) {
      peer.view.setUint32(lengthAt, SOCKADDR_MAX, true);
      const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      const fd = libc.accept4(this.#socket.fd, peer.address, peer.address + lengthAt, flags);
      if (fd === -Errno.EAGAIN) return;
      // One that left while it was queued; see accept(2) for the others.
      if (fd === -Errno.ECONNABORTED || fd === -Errno.EINTR) continue;
      if (fd < 0) {
        this.#pause = setTimeout(() => this.#registration.again(), pauseMs);
        return;
      }
      // A unix socket has neither, and says so.
      libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one.address, 4);
      libc.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, one.address, 4);
      const from = peer.view.getUint32(lengthAt, true) > 2 ? decodeIp(peer.buffer) : undefined;
      this.#onClient(new OwnedFd(fd), endpointText(from?.host, from?.port));
    }
    if (this.#socket.open) this.#registration.again();
  }
}

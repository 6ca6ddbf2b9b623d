/**
 * A listening descriptor on the thread's own event loop (Linux): clients are accepted by hand, and stay descriptors.
 */
import { paceIfFar } from '../../sys/congestion.ts';
import { EPOLLIN, SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import type { EventLoop } from '../../sys/event-loop.ts';
import { OwnedFd } from '../../sys/fd.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { Registration } from '../../sys/registration.ts';
import { decodeIp, SOCKADDR_MAX } from '../../sys/sockaddr.ts';
import { BACKLOG } from '../stream/tcp.ts';
import { endpointText } from './listen-address.ts';

/** Accepted before it is another's turn. */
const turn = 64;
/** Milliseconds until the next try when there are no descriptors, or no memory. */
const pauseMs = 50;
const peer = new NativeMemory(SOCKADDR_MAX + 18);
const lengthAt = 112;

export class FdListener implements Disposable {
  readonly #socket: OwnedFd;
  readonly #onClient: (client: OwnedFd, from: string) => void;
  readonly #registration: Registration;
  #pause: NodeJS.Timeout | undefined;
  #closing = false;

  /**
   * @param socket listening, non-blocking, with the options that are inherited; owned from now on, also when this throws
   * @param onClient owns the client, which is non-blocking
   */
  constructor(loop: EventLoop, socket: OwnedFd, onClient: (client: OwnedFd, from: string) => void) {
    this.#socket = socket;
    this.#onClient = onClient;
    this.#registration = loop.addOwned(
      socket,
      () => this.#accept(),
      EPOLLIN,
      // The others in the backlog cause no event.
      () => this.#registration.again(),
    );
  }

  /** Takes whoever is in the backlog already, who came in time, then frees the address; clients are not touched. */
  [Symbol.dispose](): void {
    if (!this.#socket.open || this.#closing) return;
    this.#closing = true;
    for (let left = BACKLOG; left > 0 && this.#acceptOne(); left -= 1);
    clearTimeout(this.#pause);
    this.#registration.remove();
    this.#socket[Symbol.dispose]();
  }

  #accept(): void {
    for (let accepted = 0; accepted < turn && !this.#closing; accepted += 1) if (!this.#acceptOne()) return;
    if (!this.#closing) this.#registration.again();
  }

  /** @returns false when there is nobody, or nothing to take him with */
  #acceptOne(): boolean {
    peer.view.setUint32(lengthAt, SOCKADDR_MAX, true);
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = libc.accept4(this.#socket.fd, peer.address, peer.address + lengthAt, flags);
    if (fd >= 0) {
      // A unix socket has no address.
      const from = peer.view.getUint32(lengthAt, true) > 2 ? decodeIp(peer.buffer) : undefined;
      const client = new OwnedFd(fd);
      if (from !== undefined) paceIfFar(fd);
      try {
        this.#onClient(client, endpointText(from?.host, from?.port));
      } catch (error) {
        client[Symbol.dispose]();
        throw error;
      }
      return true;
    }
    // One that left while it was queued; see accept(2) for the others.
    if (fd === -Errno.ECONNABORTED || fd === -Errno.EINTR) return true;
    if (fd !== -Errno.EAGAIN && !this.#closing) {
      this.#pause = setTimeout(() => this.#registration.again(), pauseMs);
    }
    return false;
  }
}

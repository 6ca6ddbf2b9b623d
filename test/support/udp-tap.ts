/**
 * Stands between two ends of something in UDP: passes on what comes from either, remembers it, and can send it once more.
 *
 *   near ──► at ── tap ── beyond ──► far        near sends to `at`; far answers to `beyond`, which it saw
 */
import { writeSync } from 'node:fs';
import { AF_INET, MSG_DONTWAIT, SOCK_DGRAM } from '../../src/sys/constants.ts';
import type { OwnedFd } from '../../src/sys/fd.ts';
import { recvBytes } from '../../src/sys/libc.ts';
import type { IpEndpoint } from '../../src/sys/sockaddr.ts';
import { bindIp, connectIp, socketIn } from '../../src/sys/sockets.ts';
import type { Netns } from './netns.ts';

const DATAGRAM_BYTES = 2_048;
const LOOK_MS = 1;

export class UdpTap implements Disposable {
  /** What went to the far end, in order. */
  readonly sent: Buffer[] = [];
  readonly #at: OwnedFd;
  readonly #beyond: OwnedFd;
  readonly #timer: NodeJS.Timeout;

  /** @param room of the near end, whose endpoint for the other one is `at` */
  constructor(room: Netns, { at, near, far }: Readonly<Record<'at' | 'near' | 'far', IpEndpoint>>) {
    this.#at = socketIn(room.namespace, AF_INET, SOCK_DGRAM);
    bindIp(this.#at.fd, at);
    connectIp(this.#at.fd, near);
    this.#beyond = socketIn(room.namespace, AF_INET, SOCK_DGRAM);
    connectIp(this.#beyond.fd, far);
    this.#timer = setInterval(() => {
      for (const bytes of received(this.#at)) {
        this.sent.push(bytes);
        this.again(bytes);
      }
      for (const bytes of received(this.#beyond)) writeSync(this.#at.fd, bytes);
    }, LOOK_MS);
  }

  /** To the far end, as if the near one had said it. */
  again(bytes: Buffer): void {
    writeSync(this.#beyond.fd, bytes);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#at[Symbol.dispose]();
    this.#beyond[Symbol.dispose]();
  }
}

function received({ fd }: OwnedFd): Buffer[] {
  const all: Buffer[] = [];
  for (;;) {
    const bytes = Buffer.alloc(DATAGRAM_BYTES);
    const length = recvBytes(fd, bytes, MSG_DONTWAIT);
    if (length < 0) return all;
    all.push(bytes.subarray(0, length));
  }
}

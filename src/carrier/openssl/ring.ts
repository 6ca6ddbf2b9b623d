/**
 * The way of records to the socket: OpenSSL puts them into a ring, and they are sent from where they lie.
 */
import { MSG_NOSIGNAL } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { Openssl } from '../../sys/openssl.ts';
import type { ByteQueue } from '../byte-queue.ts';

/** Bytes that become records at once. */
const sealBytes = 64 * 1024;
/** Of the ring: room for as many, and for what TLS adds. */
export const ringBytes = sealBytes + 4 * 1024;

const scratch = new NativeMemory(8);
const staging = new NativeMemory(sealBytes);

export class Ring implements Disposable {
  readonly #openssl: Openssl;
  readonly #ring: number;
  readonly #fd: number;

  /** @param ring our end of a BIO pair, owned from now on @param fd borrowed */
  constructor(openssl: Openssl, ring: number, fd: number) {
    this.#openssl = openssl;
    this.#ring = ring;
    this.#fd = fd;
  }

  /** Sends what is in it. @returns 'empty'; 'full' when the socket takes no more now; 'broken' */
  send(): 'empty' | 'full' | 'broken' {
    for (;;) {
      const count = this.#openssl.bioNread0(this.#ring, scratch.address);
      if (count <= 0) return 'empty';
      const sent = libc.send(this.#fd, Number(scratch.view.getBigUint64(0, true)), count, MSG_NOSIGNAL);
      if (sent === -Errno.EAGAIN) return 'full';
      if (sent < 0) return 'broken';
      this.#openssl.bioNread(this.#ring, scratch.address, sent);
    }
  }

  /**
   * Makes records of the first bytes of `queue`, where they stay: after a failure the same bytes must come again. To be called
   * only when the ring is empty.
   *
   * @returns how many they are, or SSL_write's result for SSL_get_error
   */
  seal(ssl: number, queue: ByteQueue): number {
    let count = 0;
    queue.each(0, (slice) => {
      count += slice.copy(staging.buffer, count);
      return count < sealBytes;
    });
    return this.#openssl.write(ssl, staging.address, count);
  }

  /** After its connection. */
  [Symbol.dispose](): void {
    this.#openssl.bioFree(this.#ring);
  }
}

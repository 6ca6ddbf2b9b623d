/**
 * The way of records to the socket: OpenSSL puts them into a ring, and they are sent from where they lie.
 */
import { MSG_NOSIGNAL } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import type { Openssl } from '../../sys/openssl.ts';
import { bulkBytes } from '../../sys/read-area.ts';
import type { ByteQueue } from '../byte-queue.ts';

/** A record's payload at most (RFC 8446 §5.1). */
export const recordBytes = 16 * 1024;
/** Full records that go to the socket at once, and that are read of it at once. */
export const recordsAtOnce = bulkBytes / recordBytes;
/** Of the ring: room for as many, and for what TLS adds, another key included. */
export const ringBytes = recordsAtOnce * recordBytes + 4 * 1024;

/** Records that one key seals, 128 GiB of full ones: a third of what RFC 8446 §5.5 has for AES-GCM. */
const recordsPerKey = 2 ** 23;

const scratch = new NativeMemory(8);
const staging = new NativeMemory(recordBytes);

export class Ring implements Disposable {
  readonly #openssl: Openssl;
  readonly #ring: number;
  readonly #fd: number;
  readonly #recordsPerKey: number;
  #sealed = 0;
  /** Nothing is in it: not so after OpenSSL was asked for anything but `seal`. */
  #empty = false;

  /** @param ring our end of a BIO pair, owned from now on @param fd borrowed */
  constructor(openssl: Openssl, ring: number, fd: number, most = recordsPerKey) {
    this.#openssl = openssl;
    this.#ring = ring;
    this.#fd = fd;
    this.#recordsPerKey = most;
  }

  /** OpenSSL may have put something there. */
  touch(): void {
    this.#empty = false;
  }

  /** Sends what is in it. @returns 'empty'; 'full' when the socket takes no more now; 'broken' */
  send(): 'empty' | 'full' | 'broken' {
    while (!this.#empty) {
      const count = this.#openssl.bioNread0(this.#ring, scratch.address);
      if (count <= 0) break;
      const sent = libc.send(this.#fd, scratch.pointer(0), count, MSG_NOSIGNAL);
      if (sent === -Errno.EAGAIN) return 'full';
      if (sent < 0) return 'broken';
      this.#openssl.bioNread(this.#ring, scratch.address, sent);
    }
    this.#empty = true;
    return 'empty';
  }

  /**
   * Fills the ring with records of the first bytes of `queue`, which are taken out of it. To be called only when the ring is
   * empty: then it has room for them, and OpenSSL never says that it wants to write.
   *
   * @returns 1, or SSL_write's result for SSL_get_error
   */
  seal(ssl: number, queue: ByteQueue): number {
    this.#empty = false;
    if (this.#sealed >= this.#recordsPerKey) {
      // Of our own direction alone (SSL_KEY_UPDATE_NOT_REQUESTED): the other end sees to the other one.
      this.#openssl.keyUpdate(ssl, 0);
      this.#sealed = 0;
    }
    for (let left = recordsAtOnce; left > 0 && queue.bytes > 0; ) {
      const slice = queue.first;
      const whole = slice === undefined ? 0 : Math.min(left, Math.floor(slice.length / recordBytes));
      const result = whole > 0 ? this.#direct(ssl, slice as Buffer, whole) : this.#gathered(ssl, queue);
      if (result <= 0) return result;
      queue.drop(result);
      left -= Math.max(whole, 1);
      this.#sealed += Math.max(whole, 1);
    }
    return 1;
  }

  /** Full records, from where the bytes lie. */
  #direct(ssl: number, slice: Buffer, count: number): number {
    return this.#openssl.write(ssl, libc.addressOf(slice), count * recordBytes);
  }

  /** One record of small slices, and of the beginning of a large one behind them. */
  #gathered(ssl: number, queue: ByteQueue): number {
    let count = 0;
    queue.each(0, (slice) => {
      count += slice.copy(staging.buffer, count);
      return count < recordBytes;
    });
    return this.#openssl.write(ssl, staging.address, count);
  }

  /** After its connection. */
  [Symbol.dispose](): void {
    this.#openssl.bioFree(this.#ring);
  }
}

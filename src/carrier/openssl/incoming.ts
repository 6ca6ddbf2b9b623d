/**
 * The way of records from the socket: read into a ring, where OpenSSL finds them, opened into one area of the thread.
 *
 * OpenSSL does not read the socket itself. It would either ask for each record twice, or read ahead and then move all that it read
 * to the front of its buffer again with every record that it opens. A read that brought less than there was room for has emptied
 * the socket, and another that would only be told so is left out.
 */
import { EPOLLIN, EPOLLOUT } from '../../sys/constants.ts';
import { Errno } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { NativeMemory } from '../../sys/memory.ts';
import { type Openssl, SslError } from '../../sys/openssl.ts';
import { ReadArea } from '../../sys/read-area.ts';
import { recordBytes, recordsAtOnce } from './ring.ts';

/** What a record has beside its payload: header, type, tag (RFC 8446 §5.2). */
const aroundBytes = 5 + 1 + 16;

/** Of the ring that is read into: what the other end sends at once. */
export const incomingBytes = recordsAtOnce * (recordBytes + aroundBytes);

/** What one ring of records comes to, with a record that began in the one before. */
const area = new ReadArea(incomingBytes + 2 * recordBytes);
const scratch = new NativeMemory(8);

/** What the socket had: bytes, which are in the ring now; nothing now; its end; a reset. */
export type Fed = 'bytes' | 'nothing' | 'end' | 'reset';
/** What `read` came to: bytes may still be there, will be told of, are over, or the connection is broken. */
export type Rest = 'more' | 'waits' | 'ended' | 'broken';

export class Incoming {
  readonly #openssl: Openssl;
  readonly #ssl: number;
  readonly #ring: number;
  readonly #fd: number;
  /** Where the ring begins. OpenSSL begins there again when it has taken all that was in it. */
  readonly #begin: number;
  readonly #room: number;
  /** OpenSSL has taken all that was in the ring. */
  #empty = true;
  /** The last read of the socket brought less than there was room for. */
  #emptied = false;
  /** Bytes in the ring at most, as far as the records told; more than there are when some were padded. */
  #left = 0;
  #bytes = 0;

  /** @param ring our end of the BIO pair @param fd both borrowed, as the connection is */
  constructor(openssl: Openssl, ssl: number, ring: number, fd: number) {
    this.#openssl = openssl;
    this.#ssl = ssl;
    this.#ring = ring;
    this.#fd = fd;
    this.#room = openssl.bioNwrite0(ring, scratch.address);
    this.#begin = scratch.pointer(0);
  }

  /** What the last `read` brought; volatile. */
  get bytes(): Buffer {
    return area.buffer.subarray(0, this.#bytes);
  }

  /** Reads the socket, when OpenSSL has said that it wants more. An end is passed on to OpenSSL, which knows whether it may be one. */
  feed(): Fed {
    const count = libc.recv(this.#fd, this.#begin, this.#room, 0);
    if (count === -Errno.EAGAIN) return 'nothing';
    if (count < 0) return 'reset';
    this.#empty = false;
    this.#emptied = count > 0 && count < this.#room;
    this.#left = count;
    if (count > 0) {
      this.#openssl.bioNwrite(this.#ring, scratch.address, count);
      return 'bytes';
    }
    this.#openssl.bioShutdownWrite(this.#ring);
    return 'end';
  }

  /** Reads on, once at most. @param events of the socket, 0 when it is not known what it has */
  read(events: number): Rest {
    this.#bytes = 0;
    if (this.#empty) {
      const fed = this.feed();
      if (fed === 'nothing') return 'waits';
      if (fed === 'reset') return 'broken';
    }
    const rest = this.#open();
    // An end or an error is met by reading on.
    const told = (events & ~EPOLLOUT) === EPOLLIN;
    return rest === 'waits' && this.#empty && !(told && this.#emptied) ? 'more' : rest;
  }

  #open(): Rest {
    while (area.size - this.#bytes >= recordBytes) {
      const result = this.#openssl.read(this.#ssl, area.address + this.#bytes, area.size - this.#bytes);
      if (result <= 0) return this.#stopped(result);
      this.#bytes += result;
      this.#left -= result + aroundBytes;
      // The last one, mostly. To ask OpenSSL for another costs more than to look.
      if (this.#left > 0 || this.#openssl.bioPending(this.#ring) > 0) continue;
      this.#empty = true;
      return 'waits';
    }
    return 'more';
  }

  #stopped(result: number): Rest {
    const why = this.#openssl.getError(this.#ssl, result);
    if (why === SslError.zeroReturn) return 'ended';
    if (why !== SslError.wantRead && why !== SslError.wantWrite) return 'broken';
    this.#empty = why === SslError.wantRead;
    return 'waits';
  }
}

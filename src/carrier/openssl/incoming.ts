/**
 * The way of records from the socket: OpenSSL reads and opens them, and their bytes go into one area of the thread.
 *
 * OpenSSL reads ahead: one read of the socket may bring many records. When it brought less than it asked for, the socket had no
 * more, and a read that would only be told so is left out.
 */
import { EPOLLIN, EPOLLOUT } from '../../sys/constants.ts';
import { type Openssl, SslError } from '../../sys/openssl.ts';
import { ReadArea } from '../../sys/read-area.ts';
import { recordBytes } from './ring.ts';

/** Bytes that are read before it is another's turn. */
const turnBytes = 512 * 1024;
/** Far below what one read of the socket asks for: who got less has got all. */
const fewBytes = 32 * 1024;

const area = new ReadArea(turnBytes);

/** What `read` came to: bytes may still be there, will be told of, are over, or the connection is broken. */
export type Rest = 'more' | 'waits' | 'ended' | 'broken';

export class Incoming {
  readonly #openssl: Openssl;
  readonly #ssl: number;
  readonly #source: number;
  /** Bytes that were read of the socket. */
  #read = 0;
  /** OpenSSL holds no part of a record, so that it asks for as much as it ever does. */
  #clean = false;
  #bytes = 0;

  /** @param source the BIO of the socket, borrowed like the connection */
  constructor(openssl: Openssl, ssl: number, source: number) {
    this.#openssl = openssl;
    this.#ssl = ssl;
    this.#source = source;
  }

  /** What the last `read` brought; volatile. */
  get bytes(): Buffer {
    return area.buffer.subarray(0, this.#bytes);
  }

  /** @param events of the socket, 0 when it is not known what it has */
  read(events: number): Rest {
    // An end or an error is met by reading on.
    const told = (events & ~EPOLLOUT) === EPOLLIN;
    this.#bytes = 0;
    do {
      const result = this.#openssl.read(this.#ssl, area.address + this.#bytes, area.size - this.#bytes);
      if (result <= 0) return this.#stopped(result);
      this.#bytes += result;
      if (told && result < recordBytes && this.#drained()) return 'waits';
    } while (area.size - this.#bytes >= recordBytes);
    this.#clean = false;
    return 'more';
  }

  #drained(): boolean {
    if (!this.#clean || this.#openssl.hasPending(this.#ssl) !== 0) return false;
    const before = this.#read;
    this.#read = this.#openssl.bioNumberRead(this.#source);
    return this.#read > before && this.#read - before < fewBytes;
  }

  #stopped(result: number): Rest {
    const why = this.#openssl.getError(this.#ssl, result);
    if (why === SslError.zeroReturn) return 'ended';
    if (why !== SslError.wantRead && why !== SslError.wantWrite) return 'broken';
    this.#clean = this.#openssl.hasPending(this.#ssl) === 0;
    this.#read = this.#openssl.bioNumberRead(this.#source);
    return 'waits';
  }
}

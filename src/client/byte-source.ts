/**
 * A pull reader over the chunks of one connection: lines and bounded runs of bytes, whatever the chunking was.
 *
 * Owns the bytes that were read and not yet taken. Every failure that leaves it is a WormholeError: the peer's
 * mistakes are WH_ERR_PROTOCOL, a connection that ends or breaks is WH_ERR_DAEMON_UNREACHABLE.
 */
import { WormholeError } from '../lib/errors.ts';

const CR = 0x0d;
const LF = 0x0a;

/** A mistake of the other side. */
export function malformed(fact: string): WormholeError {
  return new WormholeError('WH_ERR_PROTOCOL', `the answer is not one of wormholed: ${fact}`);
}

/** Reads from an iterator of chunks; not for concurrent use. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  #started = false;

  /** @param chunks borrowed: the caller ends it, e.g. by destroying the stream behind it */
  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  /**
   * One line without its CRLF, as latin1.
   *
   * A bare LF, a bare CR and NUL are refused, never repaired: what two readers of one byte stream understand
   * differently is how messages get smuggled.
   *
   * @param maxBytes without the CRLF
   * @throws {WormholeError} WH_ERR_PROTOCOL, WH_ERR_DAEMON_UNREACHABLE
   */
  async line(maxBytes: number): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.#rest.indexOf(LF, from);
      if (end > maxBytes + 1 || (end < 0 && this.#rest.length > maxBytes + 1)) {
        throw malformed(`a line is longer than ${maxBytes} bytes`);
      }
      if (end >= 0) {
        if (end === 0 || this.#rest[end - 1] !== CR) throw malformed('a line does not end in CRLF');
        const line = this.#rest.toString('latin1', 0, end - 1);
        if (line.includes('\r') || line.includes('\0')) throw malformed('a line holds a stray CR or NUL');
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      from = this.#rest.length;
      await this.#require();
    }
  }

  /** 1 to `maxBytes` bytes, undefined at the end of the connection. */
  async some(maxBytes: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0 && !(await this.#more())) return undefined;
    const taken = this.#rest.subarray(0, maxBytes);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** 1 to `maxBytes` bytes. @throws {WormholeError} WH_ERR_DAEMON_UNREACHABLE when the connection ends first */
  async demand(maxBytes: number): Promise<Buffer> {
    if (this.#rest.length === 0) await this.#require();
    return (await this.some(maxBytes)) as Buffer;
  }

  async #require(): Promise<void> {
    if (await this.#more()) return;
    const when = this.#started ? 'in the middle of its answer' : 'without an answer';
    throw new WormholeError('WH_ERR_DAEMON_UNREACHABLE', `the daemon closed the connection ${when}`);
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#next();
      if (done === true) return false;
      if (value.length === 0) continue;
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.length);
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#started = true;
      return true;
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#chunks.next();
    } catch (cause) {
      if (WormholeError.is(cause)) throw cause;
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new WormholeError('WH_ERR_DAEMON_UNREACHABLE', `the connection to the daemon broke (${code})`, { cause });
    }
  }
}

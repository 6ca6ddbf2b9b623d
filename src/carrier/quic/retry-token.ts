/**
 * Retry tokens: a stranger gets state here only after showing that packets sent to its address reach it (RFC 9000, 8.1.2).
 *
 *   time:6 odcid:1+n mac:16      mac = HMAC(key, address · our new id · time · odcid)
 *
 * The token holds all that has to be remembered; the key is this process's own and never leaves it. It is good for a few
 * seconds, from the address it was given to, for the connection id that was chosen with it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const LIFE_MS = 10_000;
const MAC = 16;
const TIME = 6;

export class RetryTokens {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @param source who it is for @param id our connection id @param odcid the id that the client chose */
  make(source: string, id: Uint8Array, odcid: Uint8Array): Buffer {
    const head = Buffer.alloc(TIME + 1 + odcid.length);
    head.writeUIntBE(this.#now(), 0, TIME);
    head[TIME] = odcid.length;
    head.set(odcid, TIME + 1);
    return Buffer.concat([head, this.#mac(source, id, head)]);
  }

  /** The id that the client chose at first; undefined when the token is not one of ours, for it, and fresh. */
  check(source: string, id: Uint8Array, token: Uint8Array): Buffer | undefined {
    const bytes = Buffer.from(token.buffer, token.byteOffset, token.length);
    const length = bytes[TIME] ?? 0;
    if (bytes.length !== TIME + 1 + length + MAC) return undefined;
    const head = bytes.subarray(0, TIME + 1 + length);
    if (!timingSafeEqual(this.#mac(source, id, head), bytes.subarray(head.length))) return undefined;
    const age = this.#now() - head.readUIntBE(0, TIME);
    return age >= 0 && age <= LIFE_MS ? Buffer.from(head.subarray(TIME + 1)) : undefined;
  }

  #mac(source: string, id: Uint8Array, head: Uint8Array): Buffer {
    const hmac = createHmac('sha256', this.#key);
    // Lengths first, so that no two different inputs are the same bytes.
    hmac
      .update(Buffer.from([source.length, id.length]))
      .update(source, 'latin1')
      .update(id)
      .update(head);
    return hmac.digest().subarray(0, MAC);
  }
}

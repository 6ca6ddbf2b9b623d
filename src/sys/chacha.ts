/**
 * ChaCha20-Poly1305 (RFC 8439) by the OpenSSL that this process runs on anyway, without the objects that node:crypto makes for
 * each message: a third of the time for a message of 1,200 bytes.
 *
 * One context per instance, one instance per thread. Each call sets key and nonce, so that nothing has to be freed; what was
 * used last is overwritten by the next call, or by `forget`. Results are volatile (`lib/volatile.ts`): nothing is allocated for a
 * message. @see EVP_EncryptInit(3)
 */
import koffi from 'koffi';
import { declareVolatile } from '../lib/volatile.ts';
import { addressOf } from './libc.ts';
import { NativeMemory } from './memory.ts';

type Call = (...args: number[]) => number;

export const TAG_BYTES = 16;
/** Bytes of a message, all in all. */
const MESSAGE_MAX = 65_536;

const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;

// Offsets in the scratch memory.
const KEY = 0;
const NONCE = 32;
const LENGTH = 48;
/** What is to be opened, what was opened, what was sealed: whoever reads what was opened may seal meanwhile. */
const IN = 64;
const OPENED = IN + MESSAGE_MAX;
const SEALED = OPENED + MESSAGE_MAX;
const SIZE = SEALED + MESSAGE_MAX;
const none = Buffer.alloc(0);

interface Evp {
  readonly context: Call;
  readonly cipher: Call;
  readonly init: Call;
  readonly update: Call;
  readonly final: Call;
  readonly control: Call;
  readonly clearErrors: Call;
}

export class ChaChaPoly {
  readonly #evp: Evp;
  readonly #context: number;
  readonly #memory = new NativeMemory(SIZE);
  /** Of the caller's, sealed from last; and where it lies. */
  #plain: Buffer = none;
  #plainAt = 0;

  private constructor(evp: Evp) {
    this.#evp = evp;
    this.#context = evp.context();
    const { address, buffer } = this.#memory;
    declareVolatile(buffer.buffer);
    if (this.#context === 0 || evp.init(this.#context, evp.cipher(), 0, address + KEY, address + NONCE, 1) !== 1) {
      throw new Error('OpenSSL has no ChaCha20-Poly1305');
    }
  }

  /** Undefined where this process does not let its OpenSSL be called. */
  static load(): ChaChaPoly | undefined {
    try {
      return new ChaChaPoly(functions());
    } catch {
      return undefined;
    }
  }

  /**
   * Seals the first `length` bytes of `plain`, which is the same block from call to call, at best.
   *
   * @param number the nonce: its last eight bytes @param head is authenticated with it
   * @returns `head`, what was sealed and its tag; good until the next call
   */
  seal(key: Buffer, number: number, head: Buffer, plain: Buffer, length: number): Buffer {
    const end = SEALED + head.length + length;
    // What follows reads and writes where it is told to: no length is believed.
    if (!(length >= 0 && length <= plain.length && end + TAG_BYTES <= SIZE))
      throw new RangeError('a message has 64 KiB');
    const { buffer, address } = this.#memory;
    if (plain !== this.#plain) {
      this.#plainAt = plain.length === 0 ? address : addressOf(plain);
      this.#plain = plain;
    }
    head.copy(buffer, SEALED);
    this.#begin(key, number, 1);
    const { update, final, control } = this.#evp;
    const context = this.#context;
    const done =
      update(context, 0, address + LENGTH, address + SEALED, head.length) === 1 &&
      update(context, address + SEALED + head.length, address + LENGTH, this.#plainAt, length) === 1 &&
      final(context, address + end, address + LENGTH) === 1 &&
      control(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, address + end) === 1;
    if (!done) throw new Error('OpenSSL could not seal');
    return buffer.subarray(SEALED, end + TAG_BYTES);
  }

  /** @returns what was sealed, good until the next `open`; undefined when `packet` is not what was sealed with `key` */
  open(key: Buffer, number: number, packet: Buffer, head: number): Buffer | undefined {
    const length = packet.length - head - TAG_BYTES;
    if (length < 0 || packet.length > MESSAGE_MAX) return undefined;
    const { buffer, address } = this.#memory;
    packet.copy(buffer, IN);
    this.#begin(key, number, 0);
    const { update, final, control } = this.#evp;
    const context = this.#context;
    const authentic =
      control(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, address + IN + head + length) === 1 &&
      update(context, 0, address + LENGTH, address + IN, head) === 1 &&
      update(context, address + OPENED, address + LENGTH, address + IN + head, length) === 1 &&
      final(context, address + OPENED + length, address + LENGTH) === 1;
    if (authentic) return buffer.subarray(OPENED, OPENED + length);
    // Whatever stands in this thread's queue of errors would be taken for one of TLS.
    this.#evp.clearErrors();
    return undefined;
  }

  /** The last key, and the last message, are nowhere any more. */
  forget(): void {
    this.#memory.buffer.fill(0);
    this.#plain = none;
    this.#begin(Buffer.alloc(32), 0, 1);
  }

  #begin(key: Buffer, number: number, sealing: 0 | 1): void {
    const { buffer, address } = this.#memory;
    if (key.length !== 32) throw new RangeError('a key has 32 bytes');
    key.copy(buffer, KEY);
    buffer.writeUInt32BE(Math.floor(number / 2 ** 32), NONCE + 4);
    buffer.writeUInt32BE(number % 2 ** 32, NONCE + 8);
    if (this.#evp.init(this.#context, 0, 0, address + KEY, address + NONCE, sealing) !== 1) {
      throw new Error('OpenSSL could not take a key');
    }
  }
}

function functions(): Evp {
  const own = koffi.load(null);
  const call = (signature: string): Call => own.func(signature) as Call;
  return {
    context: call('uintptr_t EVP_CIPHER_CTX_new()'),
    cipher: call('uintptr_t EVP_chacha20_poly1305()'),
    init: call('int EVP_CipherInit_ex(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)'),
    update: call('int EVP_CipherUpdate(uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)'),
    final: call('int EVP_CipherFinal_ex(uintptr_t, uintptr_t, uintptr_t)'),
    control: call('int EVP_CIPHER_CTX_ctrl(uintptr_t, int, int, uintptr_t)'),
    clearErrors: call('void ERR_clear_error()'),
  };
}

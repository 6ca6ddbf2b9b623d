/**
 * Seals and opens packets: ChaCha20-Poly1305 over the frames, the header as associated data (RFC 8439).
 *
 * The nonce is four zero bytes and the packet number. A number is used once in the life of a session and direction, and a
 * key belongs to one of them: no nonce can repeat. node:crypto does it anywhere; `native-sockets.ts` brings a faster way.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { tagBytes } from './packet.ts';

/** The cipher, for packets that begin with a head, which is authenticated and not sealed. Results may be volatile. */
export interface Aead {
  /** Seals the first `length` bytes of `plain`. @returns the packet: the head, what was sealed, the tag; good until the next call */
  seal(key: Buffer, number: number, head: Buffer, plain: Buffer, length: number): Buffer;
  /** @param head bytes of it @returns what was sealed, good until the next `open`; undefined when anything is not as it was sealed */
  open(key: Buffer, number: number, packet: Buffer, head: number): Buffer | undefined;
  /** Forgets the last key, if it was kept. */
  forget(): void;
}

const algorithm = 'chacha20-poly1305';
const options = { authTagLength: tagBytes } as const;
/** Asked for by the types; the cipher does not need it. */
const aad = { plaintextLength: 0 } as const;

const nonceOf = (number: number): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(Math.floor(number / 2 ** 32), 4);
  nonce.writeUInt32BE(number % 2 ** 32, 8);
  return nonce;
};

export const nodeAead: Aead = {
  seal: (key, number, head, plain, length) => {
    const cipher = createCipheriv(algorithm, key, nonceOf(number), options);
    cipher.setAAD(head, aad);
    return Buffer.concat([head, cipher.update(plain.subarray(0, length)), cipher.final(), cipher.getAuthTag()]);
  },
  open: (key, number, packet, head) => {
    const end = packet.length - tagBytes;
    const decipher = createDecipheriv(algorithm, key, nonceOf(number), options);
    decipher.setAAD(packet.subarray(0, head), aad);
    decipher.setAuthTag(packet.subarray(end));
    const plain = decipher.update(packet.subarray(head, end));
    try {
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  },
  forget: () => {},
};

/**
 * Seals and opens packets: ChaCha20-Poly1305 over the frames, the header as associated data (RFC 8439).
 *
 * The nonce is four zero bytes and the packet number. A number is used once in the life of a session and direction, and a
 * key belongs to one of them: no nonce can repeat.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { headerBytes, type PacketHeader, packetOverhead, tagBytes, writeHeader } from './packet.ts';

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

/** @returns a packet of the caller's */
export function seal(key: Buffer, sessionId: Buffer, header: PacketHeader, plain: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(plain.length + packetOverhead);
  writeHeader(packet, sessionId, header);
  const cipher = createCipheriv(algorithm, key, nonceOf(header.number), options);
  cipher.setAAD(packet.subarray(0, headerBytes), aad);
  cipher.update(plain).copy(packet, headerBytes);
  cipher.final();
  cipher.getAuthTag().copy(packet, headerBytes + plain.length);
  return packet;
}

/** @returns the frames, in memory of their own; undefined when anything of the packet is not as it was sealed */
export function open(key: Buffer, number: number, packet: Buffer): Buffer | undefined {
  const end = packet.length - tagBytes;
  const decipher = createDecipheriv(algorithm, key, nonceOf(number), options);
  decipher.setAAD(packet.subarray(0, headerBytes), aad);
  decipher.setAuthTag(packet.subarray(end));
  const plain = decipher.update(packet.subarray(headerBytes, end));
  try {
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}

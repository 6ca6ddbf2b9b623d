/**
 * Pairs of X25519 keys as raw bytes, 32 of each half, as WireGuard and tokens have them.
 * @see https://www.rfc-editor.org/rfc/rfc7748
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';

export const x25519Bytes = 32;

export interface X25519Pair {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

/** What stands before the raw key in DER (RFC 8410 §4, §7). */
const before = {
  pkcs8: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  spki: Buffer.from('302a300506032b656e032100', 'hex'),
};

export function makeX25519(): X25519Pair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-x25519Bytes),
    publicKey: raw(publicKey),
  };
}

/** The pair that a private half belongs to. */
export function pairOf(privateKey: Buffer): X25519Pair {
  return { privateKey, publicKey: raw(createPublicKey(privateObject(privateKey))) };
}

/**
 * What both get who each have one half of their own and the other's public one.
 *
 * @returns undefined when `far` is no key: of another length, or one of the few that make the secret known to everybody (RFC 7748 §6.1)
 */
export function sharedSecret(own: Buffer, far: Buffer): Buffer | undefined {
  if (far.length !== x25519Bytes) return undefined;
  const privateKey = privateObject(own);
  const publicKey = createPublicKey({ key: Buffer.concat([before.spki, far]), type: 'spki', format: 'der' });
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return undefined;
  }
}

const privateObject = (half: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([before.pkcs8, half]), type: 'pkcs8', format: 'der' });

const raw = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' }).subarray(-x25519Bytes);

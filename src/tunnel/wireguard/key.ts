/**
 * WireGuard's key pairs: 32 raw bytes of X25519 each. See RFC 7748, RFC 8410.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

const KEY_BYTES = 32;
/** DER of a PKCS #8 structure around a private key of X25519, up to the key itself. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** A new private key, owned by the caller, who overwrites it. */
export function newPrivateKey(): Buffer {
  const { privateKey } = generateKeyPairSync('x25519');
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const raw = Buffer.from(der.subarray(-KEY_BYTES));
  der.fill(0);
  return raw;
}

/** The public key that belongs to a private one. */
export function publicKeyOf(privateKey: Buffer): Buffer {
  const der = Buffer.concat([PKCS8, privateKey]);
  const key = createPublicKey(createPrivateKey({ key: der, type: 'pkcs8', format: 'der' }));
  der.fill(0);
  return Buffer.from(key.export({ type: 'spki', format: 'der' }).subarray(-KEY_BYTES));
}

/** Keys of an end of WireGuard. */
import { generateKeyPairSync } from 'node:crypto';

/** A pair of X25519, 32 bytes each. */
export function makeWireguardKeys(): { readonly privateKey: Buffer; readonly publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  // The raw key is the end of the DER.
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
  };
}

/**
 * The one TLS profile that wormhole speaks, shared by the daemon's port and by the client.
 *
 * TLS 1.3 with an external pre-shared key and X25519: both ends prove the key, every connection has fresh keys,
 * there are no certificates. Both ends pin every choice, so there is nothing to downgrade to.
 * See docs/design/0003-tls-psk.md.
 */

/** Options for both `createSecureContext` and `tls.connect`. */
export const tlsProfile = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  /** OpenSSL binds an external PSK of Node's callback to SHA-256, so a SHA-384 suite could never be chosen. */
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'X25519',
  /** An empty list replaces the system's roots: no certificate of anybody is ever trusted (and none is parsed at start). */
  ca: [] as string[],
} as const;

/** ALPN names; what is spoken inside TLS. A connection without one of them is closed. */
export const alpn = {
  /** The control API. */
  http: 'http/1.1',
  /** A carrier between two daemons. */
  carrier: 'wormhole/1',
} as const;

/** PSK identity of the common key: whoever holds `key.secret` belongs to this one class. */
export const commonIdentity = 'wormhole';

/**
 * What strangers may cost before they have proved a key, and members after.
 *
 * Tuning, not protocol; nothing here changes what is accepted, only how much of it at once.
 */

/** Counts are of connections at once; times are milliseconds. */
export interface CarrierLimits {
  /** Handshakes under way, all sources together. */
  readonly handshakes: number;
  /** Handshakes under way from one source: an IPv4 address, or an IPv6 /64, which one host owns whole. */
  readonly handshakesPerSource: number;
  /** From accept to the end of the handshake, however busily the peer sends. */
  readonly handshakeMs: number;
  /** From the end of the handshake to the first byte of a request. */
  readonly firstByteMs: number;
  /** Connections in any state. */
  readonly connections: number;
}

export const defaultLimits: CarrierLimits = {
  handshakes: 256,
  handshakesPerSource: 32,
  handshakeMs: 5_000,
  firstByteMs: 10_000,
  connections: 1_024,
};

/**
 * How a datagram channel behaves and what it may cost: tuning, not protocol. Two ends need not agree.
 */
export interface DatagramLimits {
  /** Milliseconds between looks at the time. */
  readonly tickMs: number;
  /** Milliseconds between probes of a path on which nothing is sent: below the shortest life of a NAT's mapping (30 s). */
  readonly keepaliveMs: number;
  /** Milliseconds after which a probe without an answer counts as lost; between probes while it matters. */
  readonly answerMs: number;
  /** Probes lost in a row that make a direct path a blocked one. */
  readonly lostProbes: number;
  /** Milliseconds that a new channel is looked at before it counts as blocked. */
  readonly probingMs: number;
  /** Milliseconds between the first probes of a path that is not direct; doubled each time, up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Bytes of UDP payload, ascending. The first must pass everywhere and is what a path is probed with; then larger ones are tried. */
  readonly sizes: readonly number[];
  /** Milliseconds after which sizes that did not pass are tried again. */
  readonly sizeRetryMs: number;
  /** Milliseconds, and packets, after which a sending key is replaced. */
  readonly rekeyMs: number;
  readonly rekeyPackets: number;
  /** Milliseconds that a replaced receiving key is kept for packets that were under way; half of it for a sending one that waits for the peer. */
  readonly graceMs: number;
  /** Bytes in memory of datagrams that are not whole yet, and their number; the oldest gives way. */
  readonly partialBytes: number;
  readonly partials: number;
  /** The same bytes where memory is scarce; two of the largest. */
  readonly scarcePartialBytes: number;
  /** Milliseconds from the first fragment of a datagram to its last. */
  readonly partialMs: number;
}

/** IPv6 40 + UDP 8: what the sizes leave for headers. */
const headers = 48;

export const datagramDefaults: DatagramLimits = {
  tickMs: 250,
  keepaliveMs: 15_000,
  answerMs: 1_000,
  lostProbes: 4,
  probingMs: 3_000,
  retryMs: 250,
  retryMaxMs: 30_000,
  // The least that IPv6 guarantees, tunnels and PPPoE, Ethernet, jumbo frames (and loopback).
  sizes: [1_280 - headers, 1_420 - headers, 1_500 - headers, 9_000 - headers],
  sizeRetryMs: 10 * 60_000,
  rekeyMs: 120_000,
  rekeyPackets: 2 ** 24,
  graceMs: 10_000,
  partialBytes: 4 * 1024 * 1024,
  partials: 1_024,
  scarcePartialBytes: 128 * 1024,
  partialMs: 5_000,
};

/**
 * How much a client of the control API may take: memory, time and connections. What it does not send in time is
 * not waited for (slowloris).
 */

export const apiLimits = {
  /** A spec may hold 4096 words; this is the sum. */
  bodyBytes: 4 << 20,
  /** Bytes of one request's head. */
  headerBytes: 16 << 10,
  headerCount: 64,
  /** Milliseconds from the first byte to the end of the head. */
  headersTimeoutMs: 5_000,
  /** Milliseconds from the first byte to the end of the body. */
  requestTimeoutMs: 10_000,
  /** Milliseconds an idle connection is kept for the next request. */
  keepAliveMs: 60_000,
  /** How often the above are looked at, in ms. */
  checkIntervalMs: 1_000,
  /** Connections at once, over all listeners. */
  connections: 512,
} as const;

/** A variant of the limits, for tests. */
export type ApiLimits = { readonly [Limit in keyof typeof apiLimits]: number };

/**
 * How long and how much a session outlives its connection: tuning, not protocol.
 */
export interface ResumeLimits {
  /** Bytes that are kept until the peer acknowledges them; beyond, `write` says to wait. At least 8 MiB, or fast paths starve. */
  readonly keepBytes: number;
  /** The same where memory is scarce, and where it is exhausted. */
  readonly keepScarce: number;
  readonly keepExhausted: number;
  /** Bytes after which the peer is told what came; an eighth of it when there is data to send anyway. */
  readonly ackBytes: number;
  /** Bytes given to a connection at once. */
  readonly batch: number;
  /** Milliseconds that a session waits for another connection. */
  readonly deadlineMs: number;
  /** Milliseconds between looks at the time. */
  readonly tickMs: number;
  /** Milliseconds of having nothing to say after which a sign of life is sent. */
  readonly heartbeatMs: number;
  /** Milliseconds of silence after which a connection counts as lost. */
  readonly silenceMs: number;
}

export const resumeDefaults: ResumeLimits = {
  keepBytes: 16 * 1024 * 1024,
  keepScarce: 2 * 1024 * 1024,
  keepExhausted: 256 * 1024,
  ackBytes: 1024 * 1024,
  batch: 256 * 1024,
  deadlineMs: 30_000,
  tickMs: 500,
  heartbeatMs: 1_000,
  silenceMs: 4_000,
};

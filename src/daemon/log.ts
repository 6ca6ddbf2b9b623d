/**
 * The root logger: JSON lines to standard output and into the ring that `wormhole logs` reads.
 *
 * Standard output is written asynchronously and bounded: a stalled reader of our log must not stall the daemon.
 * Lines beyond the bound are lost there, not in the ring.
 */
import { type Logger, pino } from 'pino';
import { LogRing } from './log-ring.ts';

export type { Logger } from 'pino';

/** Bytes of log kept in memory. */
const RING_BYTES = 1 << 20;
/** Bytes that may wait for the reader of standard output. */
const OUTPUT_BYTES = 4 << 20;

export interface Log {
  readonly logger: Logger;
  readonly ring: LogRing;
  /** Writes out what waits, synchronously; for the end of the process. */
  flush(): void;
}

export function openLog(level: string): Log {
  const ring = new LogRing(RING_BYTES);
  const output = pino.destination({ dest: 1, sync: false, maxLength: OUTPUT_BYTES });
  // EPIPE and the like: whoever read our log is gone, which is no reason to stop.
  output.on('error', () => undefined);
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      redact: ['key', '*.key', 'headers.authorization'],
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line: string) {
        ring.push(line);
        output.write(line);
      },
    },
  );
  return {
    logger,
    ring,
    flush() {
      try {
        output.flushSync();
      } catch {
        // Nobody reads any more.
      }
    },
  };
}

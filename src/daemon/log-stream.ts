/** Log lines for one reader: what is kept, and what comes, as ndjson. */
import { Readable } from 'node:stream';
import type { LogLine } from '../spec/api.ts';
import { toLogLine } from './log-line.ts';
import type { LogRing, RawLine } from './log-ring.ts';

/** Bytes that may wait for a slow reader; beyond that lines are dropped for it, and it is told how many. */
const WAITING_BYTES = 1 << 20;

/**
 * @param id only lines of this wormhole
 * @param signals end a followed stream
 * @returns ends by itself unless it follows
 */
export function logStream(
  ring: LogRing,
  id: string | undefined,
  follow: boolean,
  ...signals: readonly AbortSignal[]
): Readable {
  const stream = new Readable({ read: () => undefined });
  let dropped = 0;
  const write = (raw: RawLine): void => {
    const line = toLogLine(raw);
    if (line === undefined || (id !== undefined && line.wormhole !== id)) return;
    if (follow && stream.readableLength > WAITING_BYTES) {
      dropped += 1;
      return;
    }
    if (dropped > 0)
      stream.push(format({ ...line, level: 'warn', msg: 'lines lost: the reader is slow', facts: { dropped } }));
    dropped = 0;
    stream.push(format(line));
  };
  for (const raw of ring.lines()) write(raw);
  if (!follow) {
    stream.push(null);
    return stream;
  }
  const following = ring.follow(write);
  const end = (): void => {
    following[Symbol.dispose]();
    for (const signal of signals) signal.removeEventListener('abort', end);
    if (!stream.destroyed) stream.push(null);
  };
  stream.once('close', end);
  for (const signal of signals) {
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }
  return stream;
}

function format(line: LogLine): string {
  return `${JSON.stringify(line)}\n`;
}

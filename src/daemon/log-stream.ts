/** Log lines for one reader: what is kept, and what comes, as ndjson. */
import type { Readable } from 'node:stream';
import type { LogLine } from '../spec/api.ts';
import { toLogLine } from './log-line.ts';
import type { LogRing, RawLine } from './log-ring.ts';
import { Reader } from './reader.ts';

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
  const reader = new Reader<LogLine>((dropped, next) => ({
    ...next,
    level: 'warn',
    msg: 'lines lost: the reader is slow',
    facts: { dropped },
  }));
  const wanted = (raw: RawLine): LogLine | undefined => {
    const line = toLogLine(raw);
    return line === undefined || (id !== undefined && line.wormhole !== id) ? undefined : line;
  };
  const lines = ring.lines().flatMap((raw) => wanted(raw) ?? []);
  // Of what is kept, a follower may lose some; whoever only asks for it gets all.
  for (const line of lines) {
    if (follow) reader.offer(line);
    else reader.push(line);
  }
  if (!follow) {
    reader.end();
    return reader.stream;
  }
  const source = ring.follow((raw) => {
    const line = wanted(raw);
    if (line !== undefined) reader.offer(line);
  });
  reader.follow(source, signals);
  return reader.stream;
}

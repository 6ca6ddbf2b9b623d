/** A log line as the control API shows it. */
import type { LogLine } from '../spec/api.ts';
import type { RawLine } from './log-ring.ts';

/** @returns undefined for a line that is not ours */
export function toLogLine(raw: RawLine): LogLine | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(raw) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { time, level, msg, wormhole, pid: _, ...facts } = parsed;
  return {
    timeMs: Number(time),
    level: String(level),
    msg: typeof msg === 'string' ? msg : '',
    ...(typeof wormhole === 'string' && { wormhole }),
    facts,
  };
}

/**
 * One log record as a line for people: `time level msg key=value …`.
 */
import type { LogLine } from '../spec/api.ts';
import { printable } from '../spec/invalid.ts';
import type { Colour, Paint } from './paint.ts';

export type Format = (line: LogLine) => string;

const levelColours: Readonly<Record<string, Colour>> = {
  fatal: 'red',
  error: 'red',
  warn: 'yellow',
  debug: 'dim',
  trace: 'dim',
};

/** Makes a formatter; every record becomes exactly one line, whatever is in it. */
export function logFormat(paint: Paint): Format {
  return ({ timeMs, level, msg, wormhole, facts }) => {
    const time =
      Number.isFinite(timeMs) && Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);
    const shownLevel = printable(level).padEnd(5);
    const colour = levelColours[level];
    const all: Record<string, unknown> = wormhole === undefined ? facts : { wormhole, ...facts };
    const pairs = Object.entries(all).map(([key, value]) => ` ${printable(key)}=${valueText(value)}`);
    return `${time} ${colour === undefined ? shownLevel : paint(colour, shownLevel)} ${printable(msg)}${pairs.join('')}`;
  };
}

/** Bare where a shell would take it as one word, quoted as JSON otherwise. */
function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  if (typeof value === 'string' && !/^[\w./:@%+,*?#~^[\]-]+$/.test(value)) return printable(JSON.stringify(value));
  return printable(text);
}

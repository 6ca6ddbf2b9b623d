/**
 * The log of the verbs that run in the foreground until they are interrupted.
 *
 * Its lines go to stderr, for people; with `--json` to stdout, one document each, as `logs --json` prints them.
 */
import type { Level, Report } from '../agent/report.ts';
import type { LogLine } from '../spec/api.ts';
import type { Invocation } from './invocation.ts';
import { logFormat } from './log-line.ts';
import { painter } from './paint.ts';

/** Prints what the program tells; `debug` only with `--verbose`. */
export function reporter({ json, verbose, surroundings }: Invocation): Report {
  const { stdout, stderr, env } = surroundings;
  const sink = json ? stdout : stderr;
  const format: (line: LogLine) => string = json ? JSON.stringify : logFormat(painter(sink, env));
  return (level: Level, msg, facts = {}) => {
    if (level === 'debug' && !verbose) return;
    // Nobody waits for it: a reader of logs that is slow, or gone, must not hold up the tunnel.
    sink.write(`${format({ timeMs: Date.now(), level, msg, facts })}\n`, () => {});
  };
}

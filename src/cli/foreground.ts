/**
 * The log of the verbs that run in the foreground until they are interrupted.
 *
 * Its lines go to stderr, for people; with `--json` to stdout, one document each, as `logs --json` prints them.
 */
import type { Level, Report } from '../agent/report.ts';
import type { LogLine } from '../spec/api.ts';
import type { Invocation } from './invocation.ts';
import { logFormat } from './log-line.ts';
import { optional, usage } from './option.ts';
import { painter } from './paint.ts';

/** From this level of klog on, connections are told of one by one. */
const eachConnection = 2;

/** Prints what the program tells; `debug` only with `--verbose`, or `--v 2` and more. @throws {WormholeError} WH_ERR_USAGE */
export function reporter(call: Invocation, verb: string): Report {
  const { json, surroundings } = call;
  const { stdout, stderr, env } = surroundings;
  const verbose = call.verbose || levelOf(call, verb) >= eachConnection;
  const sink = json ? stdout : stderr;
  const format: (line: LogLine) => string = json ? JSON.stringify : logFormat(painter(sink, env));
  return (level: Level, msg, facts = {}) => {
    if (level === 'debug' && !verbose) return;
    // Nobody waits for it: a reader of logs that is slow, or gone, must not hold up the tunnel.
    sink.write(`${format({ timeMs: Date.now(), level, msg, facts })}\n`, () => {});
  };
}

function levelOf(call: Invocation, verb: string): number {
  const text = optional(call, verb, '--v') ?? '0';
  if (!/^[0-4]$/.test(text)) throw usage(verb, `--v takes a number from 0 to 4, and not '${text}'`);
  return Number(text);
}

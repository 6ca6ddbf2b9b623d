/**
 * What the verbs share that run in the foreground until they are interrupted: their log, and their options.
 *
 * Log lines go to stderr, for people; with `--json` to stdout, one document each, as `logs --json` prints them.
 */
import type { Level, Report } from '../agent/report.ts';
import { WormholeError } from '../lib/errors.ts';
import type { LogLine } from '../spec/api.ts';
import { camelCase } from './camel-case.ts';
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

/** The value of an option. @throws {WormholeError} WH_ERR_USAGE when it is missing, or empty as an unset variable leaves it */
export function required(call: Invocation, verb: string, flags: string): string {
  const value = optional(call, verb, flags);
  if (value === undefined) throw usage(verb, `${flags} is missing`);
  return value;
}

/** As {@link required}, but it may be missing. */
export function optional(call: Invocation, verb: string, flags: string): string | undefined {
  const value = call.flags[camelCase(flags)];
  if (value === '') throw usage(verb, `${flags} is empty`);
  return typeof value === 'string' ? value : undefined;
}

/** Runs `read`; what it finds wrong is told as wrong usage of `flags`. */
export function reading<T>(verb: string, flags: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!WormholeError.is(cause) || cause.code !== 'WH_ERR_SPEC_INVALID') throw cause;
    throw new WormholeError('WH_ERR_USAGE', `${flags}: ${cause.message}`, { cause, detail: { verb } });
  }
}

export function usage(verb: string, message: string): WormholeError {
  return new WormholeError('WH_ERR_USAGE', message, { detail: { verb } });
}

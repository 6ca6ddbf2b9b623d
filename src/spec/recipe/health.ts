/**
 * `--health-*`: how the engine finds out whether the container is well.
 *
 * No message repeats the command: it may log in somewhere.
 */
import { invalid } from '../invalid.ts';
import { parseCount } from '../number.ts';
import { type Flags, type Part, wrong } from './flags.ts';
import { parseGoDuration } from './go-duration.ts';

/** The shortest interval and timeout that the engine takes, in nanoseconds. */
const SHORTEST_NS = 1_000_000;

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readHealth(flags: Flags): Part {
  const command = flags.last('health-cmd', String);
  const interval = flags.last('health-interval', readPeriod) ?? 0;
  const timeout = flags.last('health-timeout', readPeriod) ?? 0;
  const retries = flags.last('health-retries', (text) => parseCount(text, 0, 2 ** 31 - 1)) ?? 0;
  const given = command !== undefined || interval + timeout + retries > 0;
  if (flags.isOn('no-healthcheck') === true) {
    if (!given) return { config: { Healthcheck: { Test: ['NONE'] } } };
    throw wrong('no-healthcheck', 'it contradicts the other --health flags; leave it or them out');
  }
  const check = {
    ...(command !== undefined && { Test: ['CMD-SHELL', command] }),
    Interval: interval,
    Timeout: timeout,
    Retries: retries,
  };
  return given ? { config: { Healthcheck: check } } : {};
}

/** Nanoseconds; 0 = what the image says. */
function readPeriod(text: string): number {
  const ns = parseGoDuration(text);
  if (ns > 0 && ns < SHORTEST_NS) throw invalid('the shortest is 1ms');
  return ns;
}

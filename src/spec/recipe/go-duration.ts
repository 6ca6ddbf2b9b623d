/**
 * Durations as Go's time.ParseDuration reads them, `1m30s`, `1.5h`, `500us`: what people paste from their `docker run`.
 *
 * Only for values that go to the engine; wormhole's own are read by `../duration.ts`.
 */
import { invalid, show } from '../invalid.ts';

/** Nanoseconds; the two spellings of a microsecond are U+00B5 and U+03BC. */
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1000,
  µs: 1000,
  μs: 1000,
  ms: 1_000_000,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const PIECE = /([0-9]{1,15})(?:\.([0-9]{0,15}))?(ns|us|µs|μs|ms|s|m|h)/gy;

/** Reads a duration in whole nanoseconds, 0 or more. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseGoDuration(text: string): number {
  let ns = 0;
  let end = 0;
  for (const [piece, whole = '', part = '', unit = ''] of text.matchAll(PIECE)) {
    const size = units[unit] ?? 0;
    ns += Number(whole) * size + Math.trunc(Number(part) * (size / 10 ** part.length));
    end += piece.length;
  }
  if (text === '0') return 0;
  if (end !== text.length || end === 0) {
    throw invalid(`${show(text)} is not a duration; write for example 500ms, 30s or 1m30s`);
  }
  if (!Number.isSafeInteger(ns)) throw invalid(`${show(text)} is too long; the longest is 104 days`);
  return ns;
}

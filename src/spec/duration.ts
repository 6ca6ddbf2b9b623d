/**
 * Durations as people write them: `250ms`, `5s`, `1m30s`, `2h`, `7d`. Milliseconds inside.
 *
 * A bare number is refused: half of the world's tools mean seconds by it and the other half milliseconds.
 */
import { invalid, show } from './invalid.ts';

const UNITS = [
  { name: 'd', ms: 24 * 3_600_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1000 },
  { name: 'ms', ms: 1 },
] as const;

/** Longest duration in ms, 24.8 days: a greater one overflows setTimeout, which then fires at once. */
export const DURATION_MAX_MS = 2 ** 31 - 1;

const SHAPE = /^(?:(\d{1,15})d)?(?:(\d{1,15})h)?(?:(\d{1,15})m)?(?:(\d{1,15})s)?(?:(\d{1,15})ms)?$/;

/** Reads a duration in ms, 0 to {@link DURATION_MAX_MS}. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseDuration(text: string): number {
  if (/^[0-9]+$/.test(text)) throw invalid(`duration ${show(text)} has no unit; write ${text}s or ${text}ms`);
  const match = SHAPE.exec(text);
  if (match === null || text === '') {
    throw invalid(`${show(text)} is not a duration; write for example 250ms, 5s, 1m30s, 2h or 7d`);
  }
  const ms = UNITS.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit.ms, 0);
  if (ms > DURATION_MAX_MS) throw invalid(`duration ${show(text)} is too long; the longest is 24 days (24d)`);
  return ms;
}

/** Reads a duration that must not be 0. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw invalid(`${show(text)} leaves no time at all; the shortest is 1ms`);
  return ms;
}

/** The canonical spelling; the inverse of {@link parseDuration}. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const unit of UNITS) {
    const count = Math.floor(rest / unit.ms);
    rest -= count * unit.ms;
    if (count > 0) text += `${count}${unit.name}`;
  }
  return text === '' ? '0s' : text;
}

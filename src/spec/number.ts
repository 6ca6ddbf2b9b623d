/** Counts, sizes in bytes and permission bits, each written in one unmistakable way. */
import { invalid, show } from './invalid.ts';

/** Reads a decimal count within `min` and `max`, both included. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseCount(text: string, min: number, max: number): number {
  const count = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw invalid(`${show(text)} is not a whole number from ${min} to ${max}`);
}

const SIZE = /^([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([kmgtp])?i?b?$/i;
const POWERS = 'bkmgtp';

/**
 * Reads a size in bytes as Docker does: `512m`, `1.5g`, `64KiB`; units are powers of 1024, none means bytes.
 *
 * @throws {WormholeError} WH_ERR_SPEC_INVALID
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text);
  const unit = (match?.[2] ?? 'b').toLowerCase();
  const bytes = match === null ? Number.NaN : Math.trunc(Number(match[1]) * 1024 ** POWERS.indexOf(unit));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw invalid(`${show(text)} is not a size; write bytes, or a number with k, m, g or t, for example 512m`);
}

/** Reads permission bits in octal, three digits with an optional `0` or `0o`. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseMode(text: string): number {
  const match = /^(?:0o?)?([0-7]{3})$/.exec(text);
  if (match !== null) return Number.parseInt(match[1] ?? '', 8);
  throw invalid(`mode ${show(text)} is not octal permission bits; write for example 0660`);
}

/** The canonical spelling; the inverse of {@link parseMode}. */
export function formatMode(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}

/** Checks USER[:GROUP], names or numbers. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseOwner(text: string): string {
  const name = '(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}|0|[1-9][0-9]{0,9})';
  if (new RegExp(`^${name}(?::${name})?$`).test(text)) return text;
  throw invalid(`owner ${show(text)} is not USER or USER:GROUP, by name or number`);
}

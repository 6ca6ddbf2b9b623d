/**
 * Reading the fields of a message of the peer: each is what it must be, or the message is refused.
 */
import { WormholeError } from '../../lib/errors.ts';

export type Message = Readonly<Record<string, unknown>>;

/** @throws {WormholeError} WH_ERR_PROTOCOL */
export function text(message: Message, field: string, pattern: RegExp): string {
  const value = message[field];
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw wrong(field);
}

/** A whole number from 0 to `max`. @throws {WormholeError} WH_ERR_PROTOCOL */
export function count(message: Message, field: string, max: number): number {
  const value = message[field];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw wrong(field);
}

/** @throws {WormholeError} WH_ERR_PROTOCOL */
export function optional<T>(
  message: Message,
  field: string,
  read: (message: Message, field: string) => T,
): T | undefined {
  return message[field] === undefined ? undefined : read(message, field);
}

function wrong(field: string): WormholeError {
  return new WormholeError('WH_ERR_PROTOCOL', `a message of the peer has no proper ${field}`);
}

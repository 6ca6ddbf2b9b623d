/**
 * The answer to a stream's head, or to HELLO: yes, or why not, in the words of the end that was asked.
 */
import { type ErrorCode, errorTable, WormholeError } from '../../lib/errors.ts';
import type { Message } from './fields.ts';

export const yes = { ok: true } as const;

export function noMessage(error: WormholeError): object {
  return { ok: false, code: error.code, message: error.message.slice(0, 2_000) };
}

/** @throws {WormholeError} the peer's own error, or WH_ERR_PROTOCOL */
export function expectYes(message: Message): void {
  if (message['ok'] === true) return;
  const { code, message: words } = message;
  if (typeof code !== 'string' || typeof words !== 'string' || message['ok'] !== false) {
    throw new WormholeError('WH_ERR_PROTOCOL', 'the peer answered neither yes nor no');
  }
  // A code of a later version is none of ours.
  const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'WH_ERR_DIAL';
  throw new WormholeError(known, words.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, '?').slice(0, 2_000), {
    detail: { peer: true },
  });
}

/**
 * The answer to a stream's head, or to HELLO: yes, or why not, in the words of the end that was asked.
 */
import { type ErrorCode, errorTable, WormholeError } from '../../lib/errors.ts';
import type { Message } from './fields.ts';

export const yes = { ok: true } as const;

/** Characters of an error's words; in JSON three bytes each, or two for those that are escaped. */
const maxWords = 2_000;

/** Fits into a frame whatever the words are: some of them may have come from a third party. */
export function noMessage(error: WormholeError): object {
  return { ok: false, code: error.code, message: plain(error.message) };
}

/** Words that fit into a frame and harm no terminal: half a surrogate or a control character would take six bytes, too. */
export function plain(words: string): string {
  return words.slice(0, maxWords).replaceAll(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\uffff]/g, '?');
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
  throw new WormholeError(known, plain(words), { detail: { peer: true } });
}

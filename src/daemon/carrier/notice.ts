/** What one end of a link tells the other of a guest that runs for it: the message, written and read. */
import { plain } from '../../carrier/link/answer.ts';
import { type Message, text } from '../../carrier/link/fields.ts';
import type { WormholeState } from '../../spec/api.ts';

export interface Notice {
  /** As its owner named it. */
  readonly guest: string;
  /** `deleted`: it is not there any more. */
  readonly state: WormholeState | 'deleted';
  /** Words for people; '' when there is nothing to say. */
  readonly reason: string;
}

const states: ReadonlySet<string> = new Set<Notice['state']>([
  'up',
  'idle',
  'starting',
  'waiting',
  'gone',
  'failed',
  'draining',
  'deleted',
]);

export function noticeMessage({ guest, state, reason }: Notice): object {
  return { guest, state, reason: plain(reason) };
}

/** @returns undefined for a state that only a later version knows @throws {WormholeError} WH_ERR_PROTOCOL */
export function parseNotice(message: Message): Notice | undefined {
  const guest = text(message, 'guest', /^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$/);
  const state = text(message, 'state', /^[a-z-]{1,32}$/);
  const reason = plain(text(message, 'reason', /^/));
  return states.has(state) ? { guest, state: state as Notice['state'], reason } : undefined;
}

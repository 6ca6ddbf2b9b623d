/** What one end of a link tells the other of a guest that runs for it: the message, written and read. */
import type { Pull, WormholeState } from '../../spec/api.ts';
import { plain } from './answer.ts';
import { count, type Message, text } from './fields.ts';

export interface Notice {
  /** As its owner named it. */
  readonly guest: string;
  /** `deleted`: it is not there any more. */
  readonly state: WormholeState | 'deleted';
  /** Words for people; '' when there is nothing to say. */
  readonly reason: string;
  /** How far an image is that is being pulled for it. */
  readonly pull?: Pull;
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

/** Characters of the words about a pull; the other words take most of a frame. */
const maxPullWords = 300;

export function noticeMessage({ guest, state, reason, pull }: Notice): object {
  const short = (words: string): string => plain(words).slice(0, maxPullWords);
  const words = pull === undefined ? {} : { pull: { ...pull, image: short(pull.image), status: short(pull.status) } };
  return { guest, state, reason: plain(reason), ...words };
}

/** What comes when each guest has been told of once: of one that was not, there is none. Others ignore it, as a state they do not know. */
export const toldMessage: object = { guest: 'all', state: 'told', reason: '' };

/** @returns undefined for a state that only a later version knows @throws {WormholeError} WH_ERR_PROTOCOL */
export function parseNotice(message: Message): Notice | 'told' | undefined {
  const guest = text(message, 'guest', /^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$/);
  const state = text(message, 'state', /^[a-z-]{1,32}$/);
  const reason = plain(text(message, 'reason', /^/));
  const pull = parsePull(message['pull']);
  if (state === 'told') return 'told';
  if (!states.has(state)) return undefined;
  return { guest, state: state as Notice['state'], reason, ...(pull !== undefined && { pull }) };
}

/** @returns undefined when there is none @throws {WormholeError} WH_ERR_PROTOCOL */
function parsePull(value: unknown): Pull | undefined {
  if (value === undefined) return undefined;
  const pull = (typeof value === 'object' && value !== null ? value : {}) as Message;
  const words = (field: string): string => plain(text(pull, field, /^/)).slice(0, maxPullWords);
  const number = (field: string): number => count(pull, field, Number.MAX_SAFE_INTEGER);
  return {
    image: words('image'),
    status: words('status'),
    layersDone: number('layersDone'),
    layersTotal: number('layersTotal'),
    bytesDone: number('bytesDone'),
    bytesTotal: number('bytesTotal'),
  };
}

/** Who may be told of a wormhole. */
import type { WormholeRecord } from '../state/record.ts';

/**
 * May whoever asks for `asked` know of `other`? People of this machine know all that there is, a peer what it has asked for itself; who
 * holds the common key as well is another one.
 */
export function mayKnow(asked: Asked, other: Asked): boolean {
  if (asked.owner === undefined) return true;
  return asked.owner === other.owner && placeIn(asked.id) === placeIn(other.id);
}

/** For whom a wormhole was made: what tells who may know of it. */
export type Asked = Pick<WormholeRecord, 'id' | 'owner'>;

/** What ids of guests end with, see `keyOf`; '' of those that were made by the control API. */
const placeIn = (id: string): string => /~.*$/.exec(id)?.[0] ?? '';

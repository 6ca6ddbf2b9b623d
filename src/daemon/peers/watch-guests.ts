/** Tells the owner of guests how they are: those that are there, then each change of state or reason. */
import type { Notice } from '../../carrier/link/notice.ts';
import type { Event } from '../../spec/api.ts';
import type { Events } from '../events.ts';
import type { Guests } from './guests.ts';
import type { WatchGuests } from './notices.ts';
import { isSame, placeOf } from './owner.ts';

export function watchGuests(
  guests: Pick<Guests, 'ownerOf'>,
  events: Pick<Events, 'listen'>,
  now: () => readonly Event[],
): WatchGuests {
  return (whose, tell) => {
    const suffix = `~${placeOf(whose)}`;
    const told = new Map<string, Notice>();
    const look = ({ wormhole, state, reason, pull }: Event): void => {
      const owner = wormhole.endsWith(suffix) ? guests.ownerOf(wormhole) : undefined;
      if (owner === undefined || !isSame(owner, whose)) return;
      const guest = wormhole.slice(0, -suffix.length);
      const before = told.get(guest);
      if (before?.state === state && before.reason === reason) return;
      const notice = { guest, state, reason, ...(pull !== null && { pull }) };
      if (state === 'deleted') told.delete(guest);
      else told.set(guest, notice);
      tell(notice);
    };
    for (const event of now()) look(event);
    return events.listen(look);
  };
}

/**
 * What this daemon asks of a peer's control API about its guests there, over a stream of the link.
 */
import type { CarrierLinks } from '../../carrier/listener.ts';
import { type Shape, shapes } from '../../client/shapes.ts';
import type { Guest, GuestList, GuestRequest, GuestRoll } from '../../spec/api.ts';
import type { Peer } from './peer.ts';
import { peerCall } from './peer-call.ts';

const listShape: Shape<GuestList> = { guests: 'array' };

export interface GuestCalls {
  /** As long as it takes: an image may have to be pulled there. @throws {WormholeError} in the peer's words */
  put(id: string, request: GuestRequest, signal: AbortSignal): Promise<Guest>;
  get(id: string, signal: AbortSignal): Promise<Guest>;
  remove(id: string, now: boolean, signal: AbortSignal): Promise<Guest>;
  roll(roll: GuestRoll): Promise<GuestList>;
}

/** Requests of this process, counted: they travel in streams of their own, and may arrive in another order. */
export class Requests {
  #last = 0;

  get last(): number {
    return this.#last;
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/** @param peer makes the link, if there is none */
export function guestCalls(
  peer: Pick<Peer, 'name' | 'up'>,
  links: Pick<CarrierLinks, 'openApi'>,
  requests: Requests,
): GuestCalls {
  const call = peerCall(peer, links);
  const path = (id: string): string => `/v1/guests/${encodeURIComponent(id)}`;
  const { guest } = shapes;
  return {
    put: (id, request, signal) => {
      const json = { ...request, order: requests.next() };
      return call<Guest>({ method: 'POST', target: path(id), json }, guest, { signal, timeoutMs: 0 });
    },
    get: (id, signal) => call<Guest>({ method: 'GET', target: path(id) }, guest, { signal }),
    remove: (id, now, signal) =>
      call<Guest>({ method: 'DELETE', target: `${path(id)}${now ? '?now=true' : ''}` }, guest, { signal }),
    roll: (roll) => {
      const json = { ...roll, after: requests.last };
      return call<GuestList>({ method: 'POST', target: '/v1/guests', json }, listShape);
    },
  };
}

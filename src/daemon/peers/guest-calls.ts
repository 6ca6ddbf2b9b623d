/**
 * What this daemon asks of a peer's control API about its guests there, over a stream of the link.
 */
import type { Socket } from 'node:net';
import type { CarrierLinks } from '../../carrier/listener.ts';
import { Call, type CallOptions } from '../../client/call.ts';
import { type Shape, shapes } from '../../client/shapes.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Guest, GuestList, GuestRequest, GuestRoll } from '../../spec/api.ts';
import { openApi } from './open-api.ts';
import type { Peer } from './peer.ts';

/** Milliseconds that the peer may take where nothing has to be pulled or started. */
const SHORT_MS = 10_000;

const listShape: Shape<GuestList> = { guests: 'array' };

export interface GuestCalls {
  /** As long as it takes: an image may have to be pulled there. @throws {WormholeError} in the peer's words */
  put(id: string, request: GuestRequest, signal: AbortSignal): Promise<Guest>;
  get(id: string, signal: AbortSignal): Promise<Guest>;
  remove(id: string, now: boolean, signal: AbortSignal): Promise<Guest>;
  roll(roll: GuestRoll): Promise<GuestList>;
}

/** @param peer makes the link, if there is none */
export function guestCalls(peer: Pick<Peer, 'name' | 'up'>, links: Pick<CarrierLinks, 'openApi'>): GuestCalls {
  const open = async (signal: AbortSignal): Promise<Socket> => await openApi(peer, links, signal);
  const never = new AbortController().signal;
  const endpoint = { kind: 'opened', name: `peer ${peer.name}`, open } as const;
  const call = new Call({ endpoint, guessed: false, timeoutMs: SHORT_MS }, never);
  const json = async (
    method: 'GET' | 'POST' | 'DELETE',
    target: string,
    body: object | undefined,
    options: CallOptions,
  ): Promise<Guest> => {
    try {
      return await call.json<Guest>(
        { method, target, ...(body !== undefined && { json: body }) },
        shapes.guest,
        options,
      );
    } catch (error) {
      throw ofPeer(peer.name, error);
    }
  };
  const path = (id: string): string => `/v1/guests/${encodeURIComponent(id)}`;
  return {
    put: (id, request, signal) => json('POST', path(id), request, { signal, timeoutMs: 0 }),
    get: (id, signal) => json('GET', path(id), undefined, { signal }),
    remove: (id, now, signal) => json('DELETE', `${path(id)}${now ? '?now=true' : ''}`, undefined, { signal }),
    roll: (roll) => call.json<GuestList>({ method: 'POST', target: '/v1/guests', json: roll }, listShape),
  };
}

/** Whose words these are. */
function ofPeer(name: string, error: unknown): unknown {
  if (!WormholeError.is(error) || error.message.startsWith(`peer ${name}: `)) return error;
  return new WormholeError(error.code, `peer ${name}: ${error.message}`, {
    cause: error,
    detail: { ...error.detail, peer: name },
  });
}

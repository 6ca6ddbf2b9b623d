/** What this daemon asks of a peer about the other half of a tunnel, over a stream of the link. */
import type { CarrierLinks } from '../../carrier/listener.ts';
import type { Shape } from '../../client/shapes.ts';
import type { TunnelAnswer, TunnelHalf, TunnelOffer, TunnelRekey, TunnelRekeyed } from '../../spec/api.ts';
import type { Peer } from '../peers/peer.ts';
import { peerCall } from '../peers/peer-call.ts';

/** Milliseconds for an installation there: the first one loads parts of the kernel. */
const INSTALL_MS = 30_000;

const answer: Shape<TunnelAnswer> = { id: 'string', kind: 'string', pair: 'array', own: 'string', seen: 'string' };
const half: Shape<TunnelHalf> = { id: 'string', state: 'string' };
const rekeyed: Shape<TunnelRekeyed> = { spi: 'number' };

/** @throws {WormholeError} in the peer's words, each of them */
export interface HalfCalls {
  offer(offer: TunnelOffer, signal: AbortSignal): Promise<TunnelAnswer>;
  commit(id: string, signal: AbortSignal): Promise<TunnelHalf>;
  get(id: string, signal: AbortSignal): Promise<TunnelHalf>;
  remove(id: string, signal: AbortSignal): Promise<TunnelHalf>;
  rekey(id: string, rekey: TunnelRekey, signal: AbortSignal): Promise<TunnelRekeyed>;
}

/** @param peer makes the link, if there is none */
export function halfCalls(peer: Pick<Peer, 'name' | 'up'>, links: Pick<CarrierLinks, 'openApi'>): HalfCalls {
  const call = peerCall(peer, links);
  const path = (id: string): string => `/v1/halves/${encodeURIComponent(id)}`;
  const timeoutMs = INSTALL_MS;
  return {
    offer: (json, signal) => call<TunnelAnswer>({ method: 'POST', target: '/v1/halves', json }, answer, { signal }),
    commit: (id, signal) =>
      call<TunnelHalf>({ method: 'POST', target: `${path(id)}/commit` }, half, { signal, timeoutMs }),
    get: (id, signal) => call<TunnelHalf>({ method: 'GET', target: path(id) }, half, { signal }),
    remove: (id, signal) => call<TunnelHalf>({ method: 'DELETE', target: path(id) }, half, { signal, timeoutMs }),
    rekey: (id, json, signal) =>
      call<TunnelRekeyed>({ method: 'POST', target: `${path(id)}/rekey`, json, once: true }, rekeyed, { signal }),
  };
}

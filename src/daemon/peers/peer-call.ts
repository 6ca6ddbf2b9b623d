/** Calls of a peer's control API, over a stream of the link; failures are told in the peer's words, with its name before them. */
import type { Socket } from 'node:net';
import type { CarrierLinks } from '../../carrier/listener.ts';
import { Call, type CallOptions } from '../../client/call.ts';
import type { Shape } from '../../client/shapes.ts';
import { WormholeError } from '../../lib/errors.ts';
import { askAgain, openApi } from './open-api.ts';
import type { Peer } from './peer.ts';

/** Milliseconds that the peer may take where nothing has to be pulled or started. */
const SHORT_MS = 10_000;

export interface PeerRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly target: string;
  readonly json?: object;
  /** It must not come twice. */
  readonly once?: boolean;
}

/** @throws {WormholeError} in the peer's words */
export type PeerCall = <T extends object>(request: PeerRequest, shape: Shape<T>, options?: CallOptions) => Promise<T>;

/** @param peer makes the link, if there is none */
export function peerCall(peer: Pick<Peer, 'name' | 'up'>, links: Pick<CarrierLinks, 'openApi'>): PeerCall {
  const open = async (signal: AbortSignal): Promise<Socket> => await openApi(peer, links, signal);
  const never = new AbortController().signal;
  const endpoint = { kind: 'opened', name: `peer ${peer.name}`, open } as const;
  const call = new Call({ endpoint, guessed: false, timeoutMs: SHORT_MS }, never);
  return async <T extends object>(request: PeerRequest, shape: Shape<T>, options?: CallOptions): Promise<T> => {
    const ask = (): Promise<T> => call.json<T>(request, shape, options);
    try {
      return await (request.once === true ? ask() : askAgain(ask, options?.signal));
    } catch (error) {
      throw ofPeer(peer.name, error);
    }
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

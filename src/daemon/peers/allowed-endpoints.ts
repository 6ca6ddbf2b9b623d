/**
 * Where a peer may be dialed by those who want it: what was judged is what is dialed.
 *
 * Names are left to the carrier, which looks them up with each dial, as long as somebody of this machine wants the peer. For
 * wormholes of peers they are looked up here, each address is judged, and the carrier is given nothing but those allowed.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { PeerEndpoint } from '../../carrier/link/endpoints.ts';
import { within } from '../../lib/deadline.ts';
import { WormholeError } from '../../lib/errors.ts';

/** Judges a literal address. @throws {WormholeError} WH_ERR_POLICY */
export type Allow = (host: string) => void;

/**
 * @param wishes of all who want it; undefined = whatever it is
 * @throws {WormholeError} WH_ERR_POLICY when none is allowed; WH_ERR_NAME_NOT_RESOLVED when none has an address
 */
export async function allowedEndpoints(
  endpoints: readonly PeerEndpoint[],
  wishes: readonly (Allow | undefined)[],
  signal: AbortSignal,
): Promise<readonly PeerEndpoint[]> {
  const judges = wishes.flatMap((allow) => (allow === undefined ? [] : [allow]));
  if (judges.length < wishes.length || wishes.length === 0) return endpoints;
  const found = await Promise.allSettled(endpoints.map((endpoint) => literals(endpoint, signal)));
  signal.throwIfAborted();
  let failure: unknown = found.find((one) => one.status === 'rejected')?.reason;
  const allowed = found
    .flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    .filter(({ host }) =>
      judges.some((allow) => {
        try {
          allow(host);
          return true;
        } catch (error) {
          failure = error;
          return false;
        }
      }),
    );
  if (allowed.length === 0) throw failure ?? new WormholeError('WH_ERR_PEER_UNREACHABLE', 'it has no address');
  return allowed;
}

/** The address of a `HOST:PORT`, as policies judge it. */
export function literalOf(address: string): string {
  return address.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '');
}

async function literals({ host, port }: PeerEndpoint, signal: AbortSignal): Promise<readonly PeerEndpoint[]> {
  if (isIP(host.split('%')[0] ?? '') !== 0) return [{ host, port }];
  try {
    const found = await within(signal, lookup(host, { all: true }));
    return found.map(({ address }) => ({ host: address, port }));
  } catch (cause) {
    signal.throwIfAborted();
    throw new WormholeError(
      'WH_ERR_NAME_NOT_RESOLVED',
      `no address is known for the peer ${host}; is it spelled right? wormhole peers lists those that a daemon knows`,
      { cause },
    );
  }
}

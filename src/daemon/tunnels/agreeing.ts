/** Comes to an agreement about a peer's offer: this end is made for it, and what the peer says is judged by what this host has and may. */
import type { Scope } from '../../lib/scope.ts';
import type { TunnelKind, TunnelOffer } from '../../spec/api.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import { type Agreed, type Ground, judgeOffer } from '../../tunnel/negotiation.ts';
import { cannotHave, cannotPass, engineOf } from './kinds.ts';
import { type MadeEnd, makeOwnEnd, type OwnAddresses } from './own-ends.ts';
import { isTranslated } from './own-half.ts';
import { kindsWithin, needsPort } from './shares.ts';
import type { Tunnel } from './tunnel.ts';
import type { Tunnels } from './tunnels.ts';

export interface AskedFor extends Pick<Ground, 'far' | 'reach'> {
  readonly offer: TunnelOffer;
  /** That this end is in; absent = the host's. */
  readonly netns: NetNamespace | undefined;
  /** The tunnel in whose place it would be. */
  readonly before: Tunnel | undefined;
  /** Why the peer may have no further port; undefined when it may. */
  readonly noPort: string | undefined;
}

/**
 * @param needs takes over what has to be given back
 * @throws {WormholeError} as `judgeOffer`; WH_ERR_LIMIT
 */
export async function agree(
  { offer, far, netns, before, noPort, reach }: AskedFor,
  tunnels: Tunnels,
  addresses: OwnAddresses,
  needs: Scope,
): Promise<{ readonly end: MadeEnd; readonly agreed: Agreed }> {
  const { mtu, seen } = offer;
  const abilities = await tunnels.abilities();
  const shared = tunnels.interfaces.has({ engine: engineOf(abilities), where: netns?.id ?? '', mtu });
  const portless = (kind: TunnelKind): string | undefined => (needsPort(kind, shared) ? noPort : undefined);
  const kinds = kindsWithin(offer.kinds, portless);
  const end = await makeOwnEnd({ kinds, far, mtu, netns }, tunnels, addresses, needs);
  const translated = isTranslated(offer, far) || isTranslated(end, seen);
  const agreed = judgeOffer(offer, {
    range: tunnels.range,
    isUsed: tunnels.usedBut(before),
    cannot: (kind) =>
      portless(kind) ??
      cannotHave(abilities, kind, { attached: netns !== undefined, far }) ??
      cannotPass(kind, translated),
    far,
    reach,
  });
  end.settle(agreed.kind);
  return { end, agreed };
}

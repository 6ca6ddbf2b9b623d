/**
 * Makes this end of a tunnel for a negotiation: keys, ports, an interface, addresses; all given back if nothing comes of it.
 */
import { randomBytes } from 'node:crypto';
import type { Scope } from '../../lib/scope.ts';
import type { TunnelKind } from '../../spec/api.ts';
import type { NetNamespace } from '../../sys/netns.ts';
import type { UsedInterface } from './interfaces.ts';
import { engineOf } from './kinds.ts';
import { sourceTowards } from './outer.ts';
import { makeSa, type OwnEnd } from './own-half.ts';
import type { Tunnels } from './tunnels.ts';

/** What the settings say of this host's addresses. */
export interface OwnAddresses {
  readonly internalIp?: string;
  readonly externalIp?: string;
}

export interface EndWish {
  readonly kinds: readonly TunnelKind[];
  /** Where the peer is seen to be. */
  readonly far: string;
  readonly mtu: number | undefined;
  readonly netns: NetNamespace | undefined;
}

export interface MadeEnd extends OwnEnd {
  /** Gives back what was made for the kinds that it did not become. */
  settle(kind: TunnelKind): void;
}

/** @param needs takes over what has to be given back @throws {WormholeError} WH_ERR_LIMIT, WH_ERR_PEER_UNREACHABLE */
export async function makeOwnEnd(
  { kinds, far, mtu, netns }: EndWish,
  tunnels: Tunnels,
  addresses: OwnAddresses,
  needs: Scope,
): Promise<MadeEnd> {
  const own = addresses.internalIp ?? sourceTowards(far);
  const port = kinds.includes('ipsec-udp') ? needs.use(tunnels.ports.take()) : undefined;
  let used: UsedInterface | undefined;
  if (kinds.includes('wireguard')) {
    const engine = engineOf(await tunnels.abilities());
    used = needs.use(tunnels.interfaces.use({ engine, where: netns?.id ?? '', mtu }));
  }
  return {
    own,
    ...(addresses.externalIp !== undefined && { external: addresses.externalIp }),
    sa: makeSa(),
    ...(port !== undefined && { udpPort: port.port }),
    ...(used !== undefined && { wireguard: { ...used.one, salt: randomBytes(32) } }),
    settle(kind) {
      if (kind !== 'ipsec-udp') port?.[Symbol.dispose]();
      if (kind !== 'wireguard') used?.[Symbol.dispose]();
    },
  };
}

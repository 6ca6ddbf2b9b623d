/** Which kinds of tunnels this host can have, and which of them somebody wants. */
import type { TunnelKind, TunnelRequest } from '../../spec/api.ts';
import type { Abilities, Ability } from '../../tunnel/half.ts';

/** In the order of `auto`. */
const all: readonly TunnelKind[] = ['ipsec', 'ipsec-udp', 'wireguard'];

/** The kinds that would do for a request, the preferred one first. */
export function wanted({ type = 'auto', udp = false }: Pick<TunnelRequest, 'type' | 'udp'>): readonly TunnelKind[] {
  const kinds = type === 'auto' ? all : all.filter((kind) => (kind === 'wireguard') === (type === 'wireguard'));
  // Without being asked IPsec goes into UDP only where a NAT makes it: see `cannotPass`.
  if (type === 'ipsec' && !udp) return ['ipsec'];
  return udp ? kinds.filter((kind) => kind !== 'ipsec') : kinds;
}

/** What a tunnel is to be between. */
export interface Between {
  /** This end is in a container. */
  readonly attached: boolean;
  /** Where the other host is seen to be. */
  readonly far: string;
}

/** Why this host cannot have a kind; undefined when it can. */
export function cannotHave(abilities: Abilities, kind: TunnelKind, { attached, far }: Between): string | undefined {
  const { ipsecAttached, wireguardKernel, wireguardGo, protection } = abilities;
  const ipsec = far.includes(':') ? abilities.ipsec6 : abilities.ipsec;
  const needed: Ability = kind !== 'wireguard' ? ipsec : wireguardKernel.works ? wireguardKernel : wireguardGo;
  const container: Ability = kind !== 'wireguard' && attached ? ipsecAttached : { works: true };
  for (const ability of [protection, needed, container]) {
    if (ability.works) continue;
    // In UDP or not, it lacks the same.
    const name = kind === 'wireguard' ? 'WireGuard' : 'IPsec';
    return `${name}: this host has not got ${ability.missing}; ${ability.remedy}`;
  }
  return undefined;
}

/** Why a kind does not get through what lies between the hosts; undefined when it does. */
export function cannotPass(kind: TunnelKind, translated: boolean): string | undefined {
  if (kind !== 'ipsec' || !translated) return undefined;
  return 'ipsec: addresses are translated between the hosts, and ESP alone does not pass that; use --udp or --type wireguard';
}

/** Whether a tunnel that is there is what somebody wants. */
export function serves(kind: TunnelKind, request: Pick<TunnelRequest, 'type' | 'udp'>): boolean {
  return wanted(request).includes(kind);
}

/** Which WireGuard this host uses. */
export function engineOf({ wireguardKernel }: Abilities): 'kernel' | 'go' {
  return wireguardKernel.works ? 'kernel' : 'go';
}

/** Who is at the other end of a tunnel, and whether this host may look for it. */
import type { LinkFacts } from '../../carrier/link/facts.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { Peers } from '../peers/peers.ts';
import type { TunnelRecord } from './record.ts';

/** What a peer calls itself is no address: one that has only come here would have this host dial whatever it likes. */
export const mayDial = ({ driver, dialed = driver }: TunnelRecord): boolean => dialed;

/** How a peer is called here, and whether it can be dialed by that. */
export function nameOf(
  { list }: Pick<Peers, 'list'>,
  link: LinkFacts,
): { readonly peer: string; readonly dialed: boolean } {
  const peer = list.find((one) => one.link?.number === link.number);
  return { peer: peer?.name ?? link.name, dialed: (peer?.known.addresses.length ?? 0) > 0 };
}

/** @throws {WormholeError} WH_ERR_PEER_UNREACHABLE */
export function linkOf({ links }: Pick<Peers, 'links'>, number: number): LinkFacts {
  const link = links.find((one) => one.number === number);
  if (link === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the link is over');
  return link;
}

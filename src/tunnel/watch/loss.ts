/**
 * Which changes in the network stack may have taken a part of a tunnel, or made it possible to add a lost one again. Pure.
 *
 * When an interface goes down its routes go without a word, so it is its coming up that counts; new addresses count because the way to
 * the peer begins at one.
 */
import { attributesOf, type Message, textOf } from '../../sys/netlink/wire.ts';
import { TABLE } from '../guard-table.ts';

const RTM = { newLink: 16, newAddress: 20, deletedAddress: 21, deletedRoute: 25 } as const;
const IFF_UP = 1;
const RTPROT_WORMHOLE = 119;
const NFNL_SUBSYS_NFTABLES = 10;
/** Table, chain, rule, set, element. */
const FIREWALL_DELETIONS = new Set([2, 5, 8, 11, 14]);

/** Of NETLINK_ROUTE. */
export function routingMatters({ type, body }: Message): boolean {
  if (type === RTM.newAddress || type === RTM.deletedAddress) return true;
  if (type === RTM.deletedRoute) return body[5] === RTPROT_WORMHOLE;
  return type === RTM.newLink && (body.readUInt32LE(8) & body.readUInt32LE(12) & IFF_UP) !== 0;
}

/** Of NETLINK_NETFILTER. @throws {RangeError} */
export function firewallMatters({ type, body }: Message): boolean {
  if (type >> 8 !== NFNL_SUBSYS_NFTABLES || !FIREWALL_DELETIONS.has(type & 0xff)) return false;
  const table = attributesOf(body, 4).get(1);
  return table !== undefined && textOf(table) === TABLE;
}

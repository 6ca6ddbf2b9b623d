/**
 * Network interfaces over rtnetlink. Pure: requests for a socket of NETLINK_ROUTE, and what it answers. See rtnetlink(7).
 *
 *   ifinfomsg  family:u8 pad:u8 type:u16 index:i32 flags:u32 change:u32
 */
import {
  attribute,
  attributesOf,
  type Message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nested,
  type Request,
  text,
  textOf,
  u32,
} from './wire.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_STATS64 = 23;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFF_UP = 0x1;
const INFO_BYTES = 16;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  /** E.g. `wireguard`, '' when it has none. */
  readonly kind: string;
  /** What its maker wrote on it. */
  readonly alias: string;
  /** Packets that came and were let through. */
  readonly received: number;
  /** Packets that came and were not let through. */
  readonly dropped: number;
}

/** A new interface, down. It takes no alias yet: the kernel looks at that only in a change. */
export function createLink(link: {
  readonly name: string;
  readonly kind: string;
  readonly mtu?: number;
  /** Attributes of the kind. */
  readonly data?: readonly Buffer[];
}): Request {
  const { name, kind, mtu, data = [] } = link;
  return {
    what: `create ${kind} interface ${name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      info({}),
      attribute(IFLA_IFNAME, text(name)),
      ...(mtu === undefined ? [] : [attribute(IFLA_MTU, u32(mtu))]),
      nested(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, text(kind)),
        ...(data.length === 0 ? [] : [nested(IFLA_INFO_DATA, ...data)]),
      ),
    ]),
  };
}

/** Attributes of an xfrm interface: packets of this id go through it. */
export const xfrmLinkData = (interfaceId: number): Buffer[] => [attribute(2, u32(interfaceId))];

/** An alias tells later who made it. */
export function changeLink(
  { name, index }: Pick<Link, 'name' | 'index'>,
  change: { readonly up?: boolean; readonly mtu?: number; readonly alias?: string },
): Request {
  const { up, mtu, alias } = change;
  return {
    what: `change interface ${name}`,
    type: RTM_NEWLINK,
    flags: 0,
    body: Buffer.concat([
      info({ index, ...(up === undefined ? {} : { up }) }),
      ...(mtu === undefined ? [] : [attribute(IFLA_MTU, u32(mtu))]),
      ...(alias === undefined ? [] : [attribute(IFLA_IFALIAS, Buffer.from(alias))]),
    ]),
  };
}

/** Into the namespace of an open descriptor: it arrives down, without addresses, and its index may be another. */
export function moveLink({ name, index }: Pick<Link, 'name' | 'index'>, namespaceFd: number): Request {
  const body = Buffer.concat([info({ index }), attribute(IFLA_NET_NS_FD, u32(namespaceFd))]);
  return { what: `move interface ${name}`, type: RTM_NEWLINK, flags: 0, body };
}

export function deleteLink({ name, index }: Pick<Link, 'name' | 'index'>): Request {
  return { what: `delete interface ${name}`, type: RTM_DELLINK, flags: 0, body: info({ index }) };
}

/** Fails with ENODEV when there is none. */
export function linkNamed(name: string): Request {
  const body = Buffer.concat([info({}), attribute(IFLA_IFNAME, text(name))]);
  return { what: `look for interface ${name}`, type: RTM_GETLINK, flags: 0, body };
}

export const allLinks = (): Request => ({ what: 'list interfaces', type: RTM_GETLINK, flags: 0, body: info({}) });

export const readLinkMessage = ({ type, body }: Message): Link | undefined =>
  type === RTM_NEWLINK ? readLink(body) : undefined;

/** @throws {RangeError} */
export function readLink(body: Buffer): Link {
  const attributes = attributesOf(body, INFO_BYTES);
  const information = attributesOf(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0));
  const value = (type: number): string => textOf(attributes.get(type) ?? Buffer.alloc(0));
  return {
    index: body.readInt32LE(4),
    name: value(IFLA_IFNAME),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE(0) ?? 0,
    kind: textOf(information.get(IFLA_INFO_KIND) ?? Buffer.alloc(0)),
    alias: value(IFLA_IFALIAS),
    ...countsOf(attributes.get(IFLA_STATS64)),
  };
}

/** rtnl_link_stats64 begins with rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped. */
function countsOf(stats: Buffer | undefined): Pick<Link, 'received' | 'dropped'> {
  if (stats === undefined || stats.length < 56) return { received: 0, dropped: 0 };
  const count = (at: number): number => Number(stats.readBigUInt64LE(at));
  return { received: count(0), dropped: count(32) + count(48) };
}

function info({ index = 0, up }: { index?: number; up?: boolean }): Buffer {
  const bytes = Buffer.alloc(INFO_BYTES);
  bytes.writeInt32LE(index, 4);
  if (up !== undefined) {
    bytes.writeUInt32LE(up ? IFF_UP : 0, 8);
    bytes.writeUInt32LE(IFF_UP, 12);
  }
  return bytes;
}

/**
 * Routes to one host over rtnetlink. Pure: requests for a socket of NETLINK_ROUTE, and what it answers.
 *
 *   rtmsg  family:u8 destination prefix:u8 source prefix:u8 tos:u8 table:u8 protocol:u8 scope:u8 type:u8 flags:u32
 */
import { AF_INET } from '../constants.ts';
import { addressBytes, addressText, familyOf, hostPrefix } from './address-bytes.ts';
import { attribute, attributesOf, type Message, NLM_F_CREATE, NLM_F_EXCL, nested, type Request, u32 } from './wire.ts';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTAX_MTU = 2;
const RT_TABLE_MAIN = 254;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
const MESSAGE_BYTES = 12;
/**
 * Who made a route, rtm_protocol: every program that makes some has a number, and this one was free (/etc/iproute2/rt_protos). By it
 * we tell ours from those of others.
 */
const RTPROT_WORMHOLE = 119;

export interface Route {
  readonly destination: string;
  /** Of the interface. */
  readonly index: number;
  /** The address that packets of this host leave with; absent when the kernel chooses. */
  readonly source?: string;
}

/** A route of ours to one host by way of an interface. Fails with EEXIST when there is one. */
export function addRoute(route: Route & { readonly mtu?: number }): Request {
  const { mtu } = route;
  return {
    what: `add route to ${route.destination}`,
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      bodyOf(route),
      ...(mtu === undefined ? [] : [nested(RTA_METRICS, attribute(RTAX_MTU, u32(mtu)))]),
    ]),
  };
}

/** Fails with ESRCH when there is none. */
export function deleteRoute(route: Route): Request {
  return { what: `delete route to ${route.destination}`, type: RTM_DELROUTE, flags: 0, body: bodyOf(route) };
}

/** How packets get from one address of this host to another host. Fails when `from` is no address of this host. */
export function lookUpRoute(to: string, from: string): Request {
  const head = Buffer.alloc(MESSAGE_BYTES);
  head[0] = familyOf(to);
  head[1] = hostPrefix(to);
  head[2] = hostPrefix(from);
  const ends = [attribute(RTA_DST, addressBytes(to)), attribute(RTA_SRC, addressBytes(from))];
  return {
    what: `find the way from ${from} to ${to}`,
    type: RTM_GETROUTE,
    flags: 0,
    body: Buffer.concat([head, ...ends]),
  };
}

/** The routes of IPv4 that we made. */
export function ownRoutes(): Request {
  const body = Buffer.alloc(MESSAGE_BYTES);
  body[0] = AF_INET;
  body[5] = RTPROT_WORMHOLE;
  return { what: 'list routes', type: RTM_GETROUTE, flags: 0, body };
}

/** One that {@link ownRoutes} asked for: an old kernel gives all there are. @throws {RangeError} */
export function readOwnRoute({ type, body }: Message): Route | undefined {
  return type === RTM_NEWROUTE && body.readUInt8(5) === RTPROT_WORMHOLE ? readRoute(body) : undefined;
}

/** @throws {RangeError} */
export function readRoute(body: Buffer): Route | undefined {
  const attributes = attributesOf(body, MESSAGE_BYTES);
  const family = body.readUInt8(0);
  const destination = attributes.get(RTA_DST);
  const source = attributes.get(RTA_PREFSRC);
  if (destination === undefined) return undefined;
  return {
    destination: addressText(destination, family),
    index: attributes.get(RTA_OIF)?.readUInt32LE(0) ?? 0,
    ...(source === undefined ? {} : { source: addressText(source, family) }),
  };
}

function bodyOf({ destination, index, source }: Route): Buffer {
  const head = Buffer.alloc(MESSAGE_BYTES);
  head[0] = familyOf(destination);
  head[1] = hostPrefix(destination);
  head[4] = RT_TABLE_MAIN;
  head[5] = RTPROT_WORMHOLE;
  head[6] = RT_SCOPE_LINK;
  head[7] = RTN_UNICAST;
  return Buffer.concat([
    head,
    attribute(RTA_DST, addressBytes(destination)),
    attribute(RTA_OIF, u32(index)),
    ...(source === undefined ? [] : [attribute(RTA_PREFSRC, addressBytes(source))]),
  ]);
}

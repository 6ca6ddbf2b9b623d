/**
 * The kernel's WireGuard over generic netlink. Pure: requests for a socket of NETLINK_GENERIC in the namespace of the interface,
 * and what it answers. See linux/wireguard.h.
 */
import { AF_INET } from '../constants.ts';
import { decodeIp, encodeIp, type IpEndpoint } from '../sockaddr.ts';
import { addressBytes, addressText, familyOf } from './address-bytes.ts';
import { genericAttributes, genericBody } from './generic.ts';
import { attribute, attributeList, attributesOf, nested, type Request, text, u8, u16, u32 } from './wire.ts';

export const WIREGUARD_FAMILY = 'wireguard';

const WG_CMD_GET_DEVICE = 0;
const WG_CMD_SET_DEVICE = 1;
const DEVICE = { name: 2, privateKey: 3, publicKey: 4, listenPort: 6, peers: 8 } as const;
const PEER = {
  publicKey: 1,
  presharedKey: 2,
  flags: 3,
  endpoint: 4,
  keepalive: 5,
  lastHandshake: 6,
  received: 7,
  sent: 8,
  allowed: 9,
} as const;
const ALLOWED = { family: 1, address: 2, prefix: 3 } as const;
const WGPEER_F_REMOVE_ME = 1;
const WGPEER_F_REPLACE_ALLOWEDIPS = 2;
const WGPEER_F_UPDATE_ONLY = 4;
const KEY_BYTES = 32;

/** A peer as it is set; what is absent stays as it is. */
export interface WireguardPeerChange {
  readonly publicKey: Buffer;
  readonly presharedKey?: Buffer;
  readonly endpoint?: IpEndpoint;
  readonly keepaliveSeconds?: number;
  /** The only host behind this peer. */
  readonly allowed?: string;
}

export interface WireguardPeer {
  readonly publicKey: Buffer;
  readonly endpoint?: IpEndpoint;
  readonly keepaliveSeconds: number;
  readonly lastHandshake?: Date;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** `address/prefix` */
  readonly allowed: readonly string[];
}

/** What an interface is set to; its private key is not read. */
export interface WireguardDevice {
  readonly publicKey?: Buffer;
  readonly listenPort: number;
  readonly peers: readonly WireguardPeer[];
}

/** @param family its number, see `readFamily` */
export function setWireguard(
  family: number,
  name: string,
  device: { readonly privateKey?: Buffer; readonly listenPort?: number },
): Request {
  const { privateKey, listenPort } = device;
  return request(family, `set up WireGuard interface ${name}`, [
    attribute(DEVICE.name, text(name)),
    ...(privateKey === undefined ? [] : [attribute(DEVICE.privateKey, privateKey)]),
    ...(listenPort === undefined ? [] : [attribute(DEVICE.listenPort, u16(listenPort))]),
  ]);
}

/** Adds a peer with all that it may have, nothing of an earlier one of the same key. */
export const addWireguardPeer = (family: number, name: string, peer: WireguardPeerChange): Request =>
  request(family, `add peer of ${name}`, peerOf(name, peer, WGPEER_F_REPLACE_ALLOWEDIPS));

/** Changes a peer; one that is not there stays away. */
export const changeWireguardPeer = (family: number, name: string, peer: WireguardPeerChange): Request =>
  request(family, `change peer of ${name}`, peerOf(name, peer, WGPEER_F_UPDATE_ONLY));

/** One that is not there stays away. */
export const removeWireguardPeer = (family: number, name: string, publicKey: Buffer): Request =>
  request(family, `remove peer of ${name}`, peerOf(name, { publicKey }, WGPEER_F_REMOVE_ME));

/** Fails with ENODEV when there is no such interface, EOPNOTSUPP when it is another kind of interface. */
export const getWireguard = (family: number, name: string): Request => ({
  what: `look at WireGuard interface ${name}`,
  type: family,
  flags: 0,
  body: genericBody(WG_CMD_GET_DEVICE, attribute(DEVICE.name, text(name))),
});

/** Makes one of the messages of a dump: a device with many peers comes in several. @throws {RangeError} */
export function readWireguard(bodies: readonly Buffer[]): WireguardDevice {
  let publicKey: Buffer | undefined;
  let listenPort = 0;
  const peers = new Map<string, WireguardPeer>();
  for (const body of bodies) {
    const device = genericAttributes(body);
    publicKey ??= device.get(DEVICE.publicKey);
    listenPort = device.get(DEVICE.listenPort)?.readUInt16LE(0) ?? listenPort;
    for (const [, value] of attributeList(device.get(DEVICE.peers) ?? Buffer.alloc(0))) {
      const peer = readPeer(value);
      if (peer === undefined) continue;
      const key = peer.publicKey.toString('hex');
      // What did not fit into one message goes on in the next with the same peer, which then only has addresses.
      const begun = peers.get(key);
      peers.set(key, begun === undefined ? peer : { ...begun, allowed: [...begun.allowed, ...peer.allowed] });
    }
  }
  return {
    ...(publicKey === undefined ? {} : { publicKey: Buffer.from(publicKey) }),
    listenPort,
    peers: [...peers.values()],
  };
}

function readPeer(bytes: Buffer): WireguardPeer | undefined {
  const found = attributesOf(bytes);
  const publicKey = found.get(PEER.publicKey);
  if (publicKey?.length !== KEY_BYTES) return undefined;
  const sockaddr = found.get(PEER.endpoint);
  const endpoint = sockaddr === undefined ? undefined : decodeIp(sockaddr);
  const seconds = Number(found.get(PEER.lastHandshake)?.readBigInt64LE(0) ?? 0);
  return {
    publicKey: Buffer.from(publicKey),
    ...(endpoint === undefined ? {} : { endpoint }),
    keepaliveSeconds: found.get(PEER.keepalive)?.readUInt16LE(0) ?? 0,
    ...(seconds === 0 ? {} : { lastHandshake: new Date(seconds * 1_000) }),
    bytesIn: Number(found.get(PEER.received)?.readBigUInt64LE(0) ?? 0),
    bytesOut: Number(found.get(PEER.sent)?.readBigUInt64LE(0) ?? 0),
    allowed: attributeList(found.get(PEER.allowed) ?? Buffer.alloc(0)).map(([, value]) => readAllowed(value)),
  };
}

function readAllowed(bytes: Buffer): string {
  const found = attributesOf(bytes);
  const family = found.get(ALLOWED.family)?.readUInt16LE(0) ?? AF_INET;
  const address = addressText(found.get(ALLOWED.address) ?? Buffer.alloc(16), family);
  return `${address}/${found.get(ALLOWED.prefix)?.readUInt8(0) ?? 0}`;
}

function peerOf(name: string, peer: WireguardPeerChange, flags: number): Buffer[] {
  const { publicKey, presharedKey, endpoint, keepaliveSeconds, allowed } = peer;
  const attributes = [
    attribute(PEER.publicKey, publicKey),
    attribute(PEER.flags, u32(flags)),
    ...(presharedKey === undefined ? [] : [attribute(PEER.presharedKey, presharedKey)]),
    ...(endpoint === undefined ? [] : [attribute(PEER.endpoint, encodeIp(endpoint))]),
    ...(keepaliveSeconds === undefined ? [] : [attribute(PEER.keepalive, u16(keepaliveSeconds))]),
    ...(allowed === undefined ? [] : [nested(PEER.allowed, nested(0, ...allowedOf(allowed)))]),
  ];
  return [attribute(DEVICE.name, text(name)), nested(DEVICE.peers, nested(0, ...attributes))];
}

function allowedOf(address: string): Buffer[] {
  const bytes = addressBytes(address);
  return [
    attribute(ALLOWED.family, u16(familyOf(address))),
    attribute(ALLOWED.address, bytes),
    attribute(ALLOWED.prefix, u8(bytes.length * 8)),
  ];
}

const request = (family: number, what: string, attributes: readonly Buffer[]): Request => ({
  what,
  type: family,
  flags: 0,
  body: genericBody(WG_CMD_SET_DEVICE, ...attributes),
});

/**
 * Checks a half before anything of it is installed: the last line of defence against a peer's proposal and against ourselves.
 *
 * Pure. Whether addresses are in the overlay range and belong to this peer is the negotiation's business.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { WormholeError } from '../lib/errors.ts';
import type {
  Encapsulation,
  Ends,
  IpsecHalf,
  IpsecShape,
  Sa,
  TunnelHalf,
  TunnelShape,
  WireguardHalf,
  WireguardShape,
} from './half.ts';

/** RFC 4303 §2.1: 1–255 are reserved by IANA. */
const SPI_MIN = 256;
const ESP_KEY_BYTES = 36;
const WIREGUARD_KEY_BYTES = 32;
/** RFC 791: every link carries 68 bytes; the kernel takes no IPv4 route below. */
const MTU_MIN = 576;
const MTU_MAX = 65_535;
/** IFNAMSIZ with its NUL is 16; no slash, colon or space, and what `ip` takes as an option is none either. */
const INTERFACE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;

/** @throws {WormholeError} WH_ERR_TUNNEL that names what is wrong, never its value when that is a key */
export function checkHalf(half: TunnelHalf): void {
  checkShape(half);
  if (half.kind === 'ipsec') checkIpsecKeys(half);
  else checkWireguardKeys(half);
}

/** @throws {WormholeError} WH_ERR_TUNNEL */
export function checkShape(shape: TunnelShape): void {
  checkEnds('overlay', shape.overlay);
  if (!isIPv4(shape.overlay.local)) throw wrong('the overlay addresses are not IPv4');
  if (shape.mtu !== undefined) checkNumber('the MTU', shape.mtu, MTU_MIN, MTU_MAX);
  if (shape.kind === 'ipsec') checkIpsec(shape);
  else checkWireguard(shape);
}

function checkIpsec({ outer, udp }: IpsecShape): void {
  checkEnds('outer', outer);
  if (udp !== undefined) checkUdp(udp);
}

function checkUdp({ localPort, remotePort, keepaliveSeconds }: Encapsulation): void {
  checkNumber('the local port', localPort, 1, 65_535);
  checkNumber('the remote port', remotePort, 1, 65_535);
  checkNumber('the keepalive', keepaliveSeconds, 0, 3_600);
}

function checkIpsecKeys(half: IpsecHalf): void {
  checkSa('outbound', half.out);
  checkSa('inbound', half.in);
  if (half.out.key.equals(half.in.key)) throw wrong('both directions have the same key');
}

/** @throws {WormholeError} WH_ERR_TUNNEL */
export function checkSa(direction: string, { spi, key }: Sa): void {
  checkNumber(`the ${direction} SPI`, spi, SPI_MIN, 0xffff_ffff);
  checkKey(`the ${direction} key`, key, ESP_KEY_BYTES);
}

function checkWireguard({ name, listenPort, peer }: WireguardShape): void {
  if (!INTERFACE.test(name)) throw wrong('the interface name is not 1–15 letters, digits, _ . -');
  checkNumber('the port', listenPort, 1, 65_535);
  checkKey('the public key', peer.publicKey, WIREGUARD_KEY_BYTES);
  if (peer.endpoint !== undefined) {
    checkAddress('the endpoint', peer.endpoint.address);
    checkNumber("the endpoint's port", peer.endpoint.port, 1, 65_535);
  }
  if (peer.keepaliveSeconds !== undefined) checkNumber('the keepalive', peer.keepaliveSeconds, 0, 65_535);
}

function checkWireguardKeys({ privateKey, peer }: WireguardHalf): void {
  checkKey('the private key', privateKey, WIREGUARD_KEY_BYTES);
  if (peer.presharedKey !== undefined) checkKey('the preshared key', peer.presharedKey, WIREGUARD_KEY_BYTES);
}

function checkEnds(which: string, { local, remote }: Ends): void {
  checkAddress(`the ${which} local address`, local);
  checkAddress(`the ${which} remote address`, remote);
  if (isIPv4(local) !== isIPv4(remote)) throw wrong(`the ${which} addresses are of two families`);
  if (local === remote) throw wrong(`both ${which} addresses are ${local}`);
}

/** The unspecified address means "any" to the kernel, and a scope has no place in its messages. */
function checkAddress(what: string, address: string): void {
  const any = /^[0:.]+$/.test(address);
  if (any || address.includes('%') || !(isIPv4(address) || isIPv6(address))) {
    throw wrong(`${what} is not an address of one host`);
  }
}

function checkNumber(what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw wrong(`${what} is not in ${min}–${max}`);
}

/** All zero is what a buffer holds that nobody filled. */
function checkKey(what: string, key: Buffer, bytes: number): void {
  if (key.length !== bytes) throw wrong(`${what} has ${key.length} bytes, not ${bytes}`);
  if (key.every((byte) => byte === 0)) throw wrong(`${what} is empty`);
}

const wrong = (what: string): WormholeError => new WormholeError('WH_ERR_TUNNEL', `cannot install a tunnel: ${what}`);

/**
 * What two daemons tell each other of a tunnel, judged: nothing of it is believed because a peer says so.
 *
 *   offer ──► judged here: pair, kind, keys ──► answer ──► judged there ──► half there ──► commit ──► half here
 *
 * Addresses are pairs of this host's own range and used by nobody; ports and SPIs that this host uses are of its own
 * choosing; outer addresses are addresses, no way back into a tunnel, and where the peer is seen unless policy allows others. Pure.
 */
import { WormholeError } from '../lib/errors.ts';
import type { TunnelAnswer, TunnelKind, TunnelOffer, TunnelSa } from '../spec/api.ts';
import { isLoopback, isUnspecified, parseIp, unmapped } from '../spec/ip.ts';
import type { Sa } from './half.ts';
import { arePair, type OverlayRange, pairOf } from './overlay.ts';

/** Bytes of a packet inside, as `mtu` may have it. */
const MTU = { least: 576, most: 65_535 } as const;
/** RFC 4303 §2.1: those below are reserved. */
const LEAST_SPI = 256;
/** AES-256 key and the salt of RFC 4106. */
const SA_KEY_BYTES = 36;
const WIREGUARD_KEY_BYTES = 32;
/** Of ESP in UDP, RFC 3948: as which ESP alone is judged, which has no ports. */
const ESP_PORT = 4500;

/** What this host has to judge by. */
export interface Ground {
  readonly range: OverlayRange;
  /** Overlay addresses that cannot be had, of other tunnels than this one. */
  readonly isUsed: (address: string) => boolean;
  /** Why it cannot do a kind; undefined when it can. */
  readonly cannot: (kind: TunnelKind) => string | undefined;
  /** Where the peer is seen to be; a loopback address when it is on this machine. */
  readonly far: string;
  /** May packets go to another address than that, because the peer says so? @throws {WormholeError} WH_ERR_POLICY */
  readonly reach: (host: string, port: number) => void;
}

/** The other end, as far as this one needs it. */
export interface FarEnd {
  /** Its own outer address, and the one that it wants to be reached at. */
  readonly own: string;
  readonly external?: string;
  readonly sa?: Sa;
  readonly udpPort?: number;
  readonly wireguard?: { readonly publicKey: Buffer; readonly port: number; readonly salt: Buffer };
}

export interface Agreed {
  readonly kind: TunnelKind;
  readonly overlay: { readonly local: string; readonly remote: string };
  readonly far: FarEnd;
}

/** @throws {WormholeError} WH_ERR_REQUEST_INVALID, WH_ERR_POLICY, WH_ERR_TUNNEL_CONFLICT, WH_ERR_KERNEL */
export function judgeOffer(offer: TunnelOffer, ground: Ground): Agreed {
  if (!isTunnelId(offer.id)) throw bad('id is not 16 hexadecimal digits');
  if (offer.mtu !== undefined) checkMtu(offer.mtu);
  checkAddress('seen', offer.seen, ground);
  const far = farEnd(offer, ground);
  const pairs = offer.pairs.map(([theirs = '', ours = '']) => ({ local: ours, remote: theirs }));
  for (const { local, remote } of pairs) checkPair(local, remote, ground);
  const kind = chooseKind(offer.kinds, far, ground);
  checkWay(kind, far, ground);
  const overlay = pairs.find(({ local, remote }) => !ground.isUsed(local) && !ground.isUsed(remote));
  if (overlay === undefined) throw conflict('addresses', 'none of those overlay addresses is free here');
  return { kind, overlay, far };
}

/** @throws {WormholeError} WH_ERR_PROTOCOL; WH_ERR_POLICY; WH_ERR_TUNNEL_CONFLICT when the pair was taken here meanwhile */
export function judgeAnswer(answer: TunnelAnswer, offer: TunnelOffer, ground: Ground): Agreed {
  try {
    if (answer.id !== offer.id) throw bad('the answer is to another offer');
    if (!offer.kinds.includes(answer.kind)) throw bad('that kind of tunnel was not offered');
    const [local = '', remote = ''] = answer.pair;
    if (!offer.pairs.some(([ours, theirs]) => ours === local && theirs === remote)) {
      throw bad('those overlay addresses were not offered');
    }
    const far = farEnd(answer, ground);
    checkKind(answer.kind, far);
    checkWay(answer.kind, far, ground);
    if (ground.isUsed(local) || ground.isUsed(remote)) {
      throw conflict('addresses', `${local} was taken here meanwhile`);
    }
    return { kind: answer.kind, overlay: { local, remote }, far };
  } catch (cause) {
    if (!WormholeError.is(cause) || cause.code !== 'WH_ERR_REQUEST_INVALID') throw cause;
    throw new WormholeError('WH_ERR_PROTOCOL', `the peer's answer about a tunnel is no use: ${cause.message}`, {
      cause,
    });
  }
}

/** @throws {WormholeError} WH_ERR_REQUEST_INVALID */
export function parseSa({ spi, key }: TunnelSa): Sa {
  if (!Number.isInteger(spi) || spi < LEAST_SPI || spi > 0xffff_ffff)
    throw bad(`an SPI goes from ${LEAST_SPI} to 2^32-1`);
  return { spi, key: bytes('sa.key', key, SA_KEY_BYTES) };
}

export function formatSa({ spi, key }: Sa): TunnelSa {
  return { spi, key: key.toString('base64') };
}

/** @throws {WormholeError} WH_ERR_REQUEST_INVALID */
export function checkMtu(mtu: number): void {
  if (!Number.isInteger(mtu) || mtu < MTU.least || mtu > MTU.most) {
    throw bad(`an MTU goes from ${MTU.least} to ${MTU.most}`);
  }
}

export function isTunnelId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id);
}

/** Two ends that do not agree now may agree later. */
export function conflict(about: 'addresses' | 'busy' | 'kind', message: string): WormholeError {
  return new WormholeError('WH_ERR_TUNNEL_CONFLICT', message, { detail: { conflict: about } });
}

type End = Pick<TunnelOffer, 'own' | 'external' | 'sa' | 'udpPort' | 'wireguard'>;

function farEnd({ own, external, sa, udpPort, wireguard }: End, ground: Ground): FarEnd {
  checkAddress('own', own, ground);
  if (external !== undefined) checkAddress('external', external, ground);
  if (udpPort !== undefined) checkPort('udpPort', udpPort);
  if (wireguard !== undefined) checkPort('wireguard.port', wireguard.port);
  return {
    own,
    ...(external !== undefined && { external }),
    ...(sa !== undefined && { sa: parseSa(sa) }),
    ...(udpPort !== undefined && { udpPort }),
    ...(wireguard !== undefined && {
      wireguard: {
        port: wireguard.port,
        publicKey: bytes('wireguard.publicKey', wireguard.publicKey, WIREGUARD_KEY_BYTES),
        salt: bytes('wireguard.salt', wireguard.salt, WIREGUARD_KEY_BYTES),
      },
    }),
  };
}

/** The first kind that both can do. */
function chooseKind(kinds: readonly TunnelKind[], far: FarEnd, ground: Ground): TunnelKind {
  const reasons: string[] = [];
  for (const kind of kinds) {
    checkKind(kind, far);
    const reason = ground.cannot(kind);
    if (reason === undefined) return kind;
    reasons.push(reason);
  }
  throw new WormholeError('WH_ERR_KERNEL', reasons.join('; '));
}

function checkKind(kind: TunnelKind, { sa, udpPort, wireguard }: FarEnd): void {
  const missing =
    kind === 'wireguard'
      ? wireguard === undefined && 'wireguard'
      : (sa === undefined && 'sa') || (kind === 'ipsec-udp' && udpPort === undefined && 'udpPort');
  if (missing !== false) throw bad(`${missing} is missing, which ${kind} needs`);
}

/** A peer would have this host send to whomever it likes. */
function checkWay(kind: TunnelKind, { external, udpPort, wireguard }: FarEnd, { far, reach }: Ground): void {
  if (external === undefined || plainOf(external) === plainOf(far)) return;
  const port = kind === 'wireguard' ? wireguard?.port : kind === 'ipsec-udp' ? udpPort : ESP_PORT;
  reach(external, port ?? 0);
}

function checkPair(local: string, remote: string, { range }: Ground): void {
  if (arePair(range, local, remote)) return;
  const { network, bits } = range;
  throw bad(
    `the overlay addresses ${local} and ${remote} are no pair of ${network}/${bits}, the range of this host; give both hosts the same -C`,
  );
}

/** What packets may be sent to: an address of one host, and not one that leads into a tunnel. */
function checkAddress(what: string, text: string, { range, far }: Ground): void {
  const parsed = parseIp(text);
  if (parsed === undefined) throw bad(`${what} is no IP address`);
  const plain = unmapped(parsed);
  const [first = 0, second = 0] = plain;
  const manycast = plain.length === 4 ? first === 0 || first >= 224 : first === 0xff;
  const linkLocal = plain.length === 4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
  if (isUnspecified(plain) || manycast || linkLocal || plain.length !== parsed.length) {
    throw bad(`${what} is not the address of one host`);
  }
  if (isLoopback(plain) && !isLoopback(parseIp(far) ?? [0])) throw bad(`${what} is a loopback address`);
  if (pairOf(range, text) === undefined) return;
  const { network, bits } = range;
  throw bad(`${what} is ${text}, an overlay address of ${network}/${bits}; give both hosts another -C`);
}

const plainOf = (address: string): string => String(unmapped(parseIp(address) ?? []));

function checkPort(what: string, port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw bad(`${what} is no port`);
}

/** Canonical base64 of exactly that many bytes, not all of them zero. */
function bytes(what: string, text: string, length: number): Buffer {
  const found = Buffer.from(text, 'base64');
  if (found.length !== length || found.toString('base64') !== text)
    throw bad(`${what} is not base64 of ${length} bytes`);
  if (found.every((byte) => byte === 0)) throw bad(`${what} is all zeros`);
  return found;
}

function bad(message: string): WormholeError {
  return new WormholeError('WH_ERR_REQUEST_INVALID', message);
}

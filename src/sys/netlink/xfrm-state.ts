/**
 * Security associations of ESP in tunnel mode with rfc4106(gcm(aes)). Pure: requests for a socket of NETLINK_XFRM, and what it
 * answers. See linux/xfrm.h, RFC 4303, RFC 4106.
 *
 *   xfrm_usersa_info  selector:56 id:24 saddr:16 limits:64 current:32 stats: window:u32 replayed:u32 wrong:u32
 *                     sequence:u32 reqid:u32 family:u16 mode:u8 window:u8 flags:u8 pad:7                   (224 bytes)
 *   xfrm_usersa_id    daddr:16 spi:be32 family:u16 protocol:u8 pad:1                                       (24 bytes)
 */
import { addressText, familyOf } from './address-bytes.ts';
import { attribute, attributesOf, type Message, NLM_F_CREATE, NLM_F_EXCL, type Request, u32 } from './wire.ts';
import {
  CURRENT_BYTES,
  decodeSelector,
  encodeId,
  encodeSelector,
  IPPROTO_ESP,
  type Selector,
  unlimited,
  wideAddress,
  XFRM_MODE_TUNNEL,
  XFRMA_IF_ID,
} from './xfrm-wire.ts';

const XFRM_MSG_NEWSA = 16;
const XFRM_MSG_DELSA = 17;
const XFRM_MSG_GETSA = 18;
const XFRM_MSG_UPDSA = 26;
const XFRMA_ENCAP = 4;
const XFRMA_ALG_AEAD = 18;
const XFRMA_REPLAY_ESN_VAL = 23;
const XFRMA_MTIMER_THRESH = 32;
const XFRM_STATE_ESN = 128;
const UDP_ENCAP_ESPINUDP = 2;
const INFO_BYTES = 224;

const ALGORITHM = 'rfc4106(gcm(aes))';
/** Of the integrity check, all of GCM's tag. */
const ICV_BITS = 128;
/** Packets that may overtake each other, a multiple of 32: enough for a fast link whose packets take several ways. */
const REPLAY_WINDOW = 1024;

/** An SA as it is added. */
export interface SecurityAssociation {
  /** Outer addresses, in the direction of the packets. */
  readonly source: string;
  readonly destination: string;
  readonly spi: number;
  /** 36 bytes: key and salt. */
  readonly key: Buffer;
  /** What SAs and policies of one tunnel share. */
  readonly reqid: number;
  /** The packets that may be inside; the kernel drops others after decryption. */
  readonly inside: Selector;
  /** ESP in UDP: ports in the direction of the packets. */
  readonly udp?: { readonly sourcePort: number; readonly destinationPort: number };
  /** Of the xfrm interface it belongs to. */
  readonly interfaceId?: number;
  /** Of an inbound one in UDP: seconds between two messages that its packets come from another address. */
  readonly tellMovesSeconds?: number;
}

/** Its name to the kernel. */
export type SaId = Pick<SecurityAssociation, 'destination' | 'spi'>;

/** An SA as the kernel tells of it; its key is not read. */
export interface SaState extends SaId {
  readonly source: string;
  readonly reqid: number;
  readonly inside?: Selector;
  readonly udp?: { readonly sourcePort: number; readonly destinationPort: number };
  readonly bytes: number;
  readonly packets: number;
  /** Replayed, too old, of a wrong key. */
  readonly dropped: number;
}

/** Fails with EEXIST when there is one of this SPI to this destination, with ENOSYS when the algorithm is missing. */
export function addSa(sa: SecurityAssociation): Request {
  const { key, udp, interfaceId, tellMovesSeconds } = sa;
  const algorithm = aead(key);
  const request = {
    what: `add ${nameOf(sa)}`,
    type: XFRM_MSG_NEWSA,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      info(sa),
      algorithm,
      replay(),
      ...(udp === undefined ? [] : [encapsulation(udp)]),
      ...(interfaceId === undefined ? [] : [attribute(XFRMA_IF_ID, u32(interfaceId))]),
      // A kernel that does not know it (before 5.17) tells with each packet.
      ...(tellMovesSeconds === undefined ? [] : [attribute(XFRMA_MTIMER_THRESH, u32(tellMovesSeconds))]),
    ]),
  };
  algorithm.fill(0);
  return request;
}

/** Fails with ESRCH when there is none. The answer has the key. */
export function getSa(id: SaId): Request {
  return { what: `look for ${nameOf(id)}`, type: XFRM_MSG_GETSA, flags: 0, body: idBody(id) };
}

/**
 * Changes the UDP ports of an SA, which keeps its key, counters and sequence numbers.
 *
 * @param told what the kernel answered to {@link getSa}; overwritten with zeros when it was sent
 * @returns undefined when it is not in UDP
 */
export function changePorts(told: Buffer, udp: NonNullable<SecurityAssociation['udp']>): Request | undefined {
  const encap = attributesOf(told, INFO_BYTES).get(XFRMA_ENCAP);
  if (encap === undefined) return undefined;
  encap.writeUInt16BE(udp.sourcePort, 2);
  encap.writeUInt16BE(udp.destinationPort, 4);
  return { what: 'change the ports of a security association', type: XFRM_MSG_UPDSA, flags: 0, body: told };
}

/** Fails with ESRCH when there is none. */
export function deleteSa(id: SaId): Request {
  return { what: `delete ${nameOf(id)}`, type: XFRM_MSG_DELSA, flags: 0, body: idBody(id) };
}

export const allSas = (): Request => ({
  what: 'list security associations',
  type: XFRM_MSG_GETSA,
  flags: 0,
  body: Buffer.alloc(0),
});

export const readSaMessage = ({ type, body }: Message): SaState | undefined =>
  type === XFRM_MSG_NEWSA ? readSa(body) : undefined;

/** Undefined when it is not one of ESP in tunnel mode. @throws {RangeError} */
export function readSa(body: Buffer): SaState | undefined {
  if (body.length < INFO_BYTES || body[76] !== IPPROTO_ESP || body[214] !== XFRM_MODE_TUNNEL) return undefined;
  const family = body.readUInt16LE(212);
  const inside = decodeSelector(body);
  const udp = attributesOf(body, INFO_BYTES).get(XFRMA_ENCAP);
  return {
    destination: addressText(body.subarray(56, 72), family),
    spi: body.readUInt32BE(72),
    source: addressText(body.subarray(80, 96), family),
    bytes: Number(body.readBigUInt64LE(160)),
    packets: Number(body.readBigUInt64LE(168)),
    dropped: body.readUInt32LE(192) + body.readUInt32LE(196) + body.readUInt32LE(200),
    reqid: body.readUInt32LE(208),
    ...(inside === undefined ? {} : { inside }),
    ...(udp === undefined ? {} : { udp: { sourcePort: udp.readUInt16BE(2), destinationPort: udp.readUInt16BE(4) } }),
  };
}

function info({ source, destination, spi, reqid, inside }: SecurityAssociation): Buffer {
  const tail = Buffer.alloc(32);
  tail.writeUInt32LE(reqid, 16);
  tail.writeUInt16LE(familyOf(destination), 20);
  tail[22] = XFRM_MODE_TUNNEL;
  tail[24] = XFRM_STATE_ESN;
  return Buffer.concat([
    encodeSelector(inside),
    encodeId(destination, spi),
    wideAddress(source),
    unlimited(),
    Buffer.alloc(CURRENT_BYTES),
    tail,
  ]);
}

/** xfrm_algo_aead  name:64 key bits:u32 tag bits:u32 key */
function aead(key: Buffer): Buffer {
  const bytes = Buffer.alloc(72 + key.length);
  bytes.write(ALGORITHM, 0, 'latin1');
  bytes.writeUInt32LE(key.length * 8, 64);
  bytes.writeUInt32LE(ICV_BITS, 68);
  key.copy(bytes, 72);
  const made = attribute(XFRMA_ALG_AEAD, bytes);
  bytes.fill(0);
  return made;
}

/** xfrm_replay_state_esn  words:u32 sent:u32 seen:u32 sent high:u32 seen high:u32 window:u32 bitmap */
function replay(): Buffer {
  const bytes = Buffer.alloc(24 + REPLAY_WINDOW / 8);
  bytes.writeUInt32LE(REPLAY_WINDOW / 32, 0);
  bytes.writeUInt32LE(REPLAY_WINDOW, 20);
  return attribute(XFRMA_REPLAY_ESN_VAL, bytes);
}

/** xfrm_encap_tmpl  type:u16 source:be16 destination:be16 pad:2 original address:16 */
function encapsulation({ sourcePort, destinationPort }: { sourcePort: number; destinationPort: number }): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt16LE(UDP_ENCAP_ESPINUDP, 0);
  bytes.writeUInt16BE(sourcePort, 2);
  bytes.writeUInt16BE(destinationPort, 4);
  return attribute(XFRMA_ENCAP, bytes);
}

function idBody({ destination, spi }: SaId): Buffer {
  const bytes = Buffer.alloc(24);
  wideAddress(destination).copy(bytes);
  bytes.writeUInt32BE(spi, 16);
  bytes.writeUInt16LE(familyOf(destination), 20);
  bytes[22] = IPPROTO_ESP;
  return bytes;
}

const nameOf = ({ destination, spi }: SaId): string =>
  `security association 0x${spi.toString(16).padStart(8, '0')} to ${destination}`;

/**
 * The expressions that rules of nf_tables are made of: each puts something of the packet into a register, or ends the rule unless a
 * register has what it should have. Pure. See linux/netfilter/nf_tables.h.
 */
import { attribute, be32, be64, nested, text } from './wire.ts';

/** The first of the registers of 4 bytes; a value that is longer goes on in those behind it. */
const FIRST_REGISTER = 8;
const register = (index: number): Buffer => be32(FIRST_REGISTER + index);
const NFT_PAYLOAD_NETWORK_HEADER = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER = 2;
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const VERDICT_REGISTER = 0;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const META = { iifname: 6, oifname: 7, l4proto: 16, secpath: 25 } as const;
const NFT_RT_XFRM = 4;
export const IFNAME_BYTES = 16;

const expression = (name: string, ...data: readonly Buffer[]): Buffer =>
  nested(1, attribute(1, text(name)), nested(2, ...data));

const meta = (key: number, to: number): Buffer =>
  expression('meta', attribute(1, register(to)), attribute(2, be32(key)));

/** @param to index of the register */
export const inInterface = (to = 0): Buffer => meta(META.iifname, to);
export const outInterface = (to = 0): Buffer => meta(META.oifname, to);
/** 1 when the packet came out of a security association. */
const cameByIpsec = (): Buffer => meta(META.secpath, 0);
/** 1 when the packet will go into one. */
const goesByIpsec = (): Buffer => expression('rt', attribute(1, register(0)), attribute(2, be32(NFT_RT_XFRM)));

const payload = (base: number, offset: number, bytes: number, to: number): Buffer =>
  expression(
    'payload',
    attribute(1, register(to)),
    attribute(2, be32(base)),
    attribute(3, be32(offset)),
    attribute(4, be32(bytes)),
  );
/** Addresses of IPv4. */
export const sourceAddress = (to = 0): Buffer => payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, to);
export const destinationAddress = (to = 0): Buffer => payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, to);

/** Number of the protocol in IPv4 or IPv6, one byte. */
export const protocol = (): Buffer => meta(META.l4proto, 0);
/** Of UDP, two bytes. */
export const destinationPort = (): Buffer => payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
/** The first four bytes that UDP carries; a packet with fewer goes no further. */
export const firstOfUdp = (): Buffer => payload(NFT_PAYLOAD_TRANSPORT_HEADER, 8, 4, 0);

const compare = (how: number, value: Buffer): Buffer =>
  expression('cmp', attribute(1, register(0)), attribute(2, be32(how)), nested(3, attribute(1, value)));
/** Go on when the first register has this value, or has not. */
export const equals = (value: Buffer): Buffer => compare(NFT_CMP_EQ, value);
export const differs = (value: Buffer): Buffer => compare(NFT_CMP_NEQ, value);

/** Go on when the packet is not protected by IPsec. */
export const cameWithoutIpsec = (): Buffer[] => [cameByIpsec(), equals(Buffer.of(0))];
export const goesWithoutIpsec = (): Buffer[] => [goesByIpsec(), equals(Buffer.of(0))];

/** Goes on when what the registers have, from the first on, is in the set, or is not. */
export const inSet = (set: string, is = true): Buffer =>
  expression('lookup', attribute(1, text(set)), attribute(2, register(0)), ...(is ? [] : [attribute(5, be32(1))]));

/** Counts the packets that come this far. @param packets to begin with */
export const counter = (packets = 0): Buffer =>
  expression('counter', ...(packets === 0 ? [] : [attribute(1, be64(0)), attribute(2, be64(packets))]));

const verdict = (code: number): Buffer =>
  expression('immediate', attribute(1, be32(VERDICT_REGISTER)), nested(2, nested(2, attribute(1, be32(code)))));
export const drop = (): Buffer => verdict(NF_DROP);
export const accept = (): Buffer => verdict(NF_ACCEPT);

/** An interface's name as registers have it. */
export function interfaceName(name: string): Buffer {
  const bytes = Buffer.alloc(IFNAME_BYTES);
  bytes.write(name, 0, IFNAME_BYTES - 1, 'latin1');
  return bytes;
}

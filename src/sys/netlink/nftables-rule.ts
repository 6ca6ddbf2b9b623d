/**
 * The expressions that rules of nf_tables are made of: each puts something of the packet into a register, or ends the rule unless a
 * register has what it should have. Pure. See linux/netfilter/nf_tables.h.
 */
import { attribute, be32, nested, text } from './wire.ts';

/** The first of the registers of 4 bytes; a value that is longer goes on in those behind it. */
const FIRST_REGISTER = 8;
const register = (index: number): Buffer => be32(FIRST_REGISTER + index);
const NFT_PAYLOAD_NETWORK_HEADER = 1;
const VERDICT_REGISTER = 0;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const META = { iifname: 6, oifname: 7, secpath: 25 } as const;
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

const header = (offset: number, to: number): Buffer =>
  expression(
    'payload',
    attribute(1, register(to)),
    attribute(2, be32(NFT_PAYLOAD_NETWORK_HEADER)),
    attribute(3, be32(offset)),
    attribute(4, be32(4)),
  );
/** Addresses of IPv4. */
export const sourceAddress = (to = 0): Buffer => header(12, to);
export const destinationAddress = (to = 0): Buffer => header(16, to);

/** Goes on when the first register has this value. */
export const equals = (value: Buffer): Buffer =>
  expression('cmp', attribute(1, register(0)), attribute(2, be32(0)), nested(3, attribute(1, value)));

/** Go on when the packet is not protected by IPsec. */
export const cameWithoutIpsec = (): Buffer[] => [cameByIpsec(), equals(Buffer.of(0))];
export const goesWithoutIpsec = (): Buffer[] => [goesByIpsec(), equals(Buffer.of(0))];

/** Goes on when what the registers have, from the first on, is in the set, or is not. */
export const inSet = (set: string, is = true): Buffer =>
  expression('lookup', attribute(1, text(set)), attribute(2, register(0)), ...(is ? [] : [attribute(5, be32(1))]));

/** Counts the packets that come this far. */
export const counter = (): Buffer => expression('counter');

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

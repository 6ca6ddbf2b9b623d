/**
 * Addresses of interfaces over rtnetlink, one host each. Pure: requests for a socket of NETLINK_ROUTE, and what it answers.
 *
 *   ifaddrmsg  family:u8 prefix:u8 flags:u8 scope:u8 index:u32
 */
import { AF_INET } from '../constants.ts';
import { addressBytes, addressText, familyOf, hostPrefix } from './address-bytes.ts';
import { attribute, attributesOf, type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './wire.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const MESSAGE_BYTES = 8;

export interface LinkAddress {
  readonly address: string;
  readonly prefix: number;
  /** Of the interface. */
  readonly index: number;
}

/** Fails with EEXIST when the interface has it. */
export function addAddress(address: string, index: number): Request {
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  return { what: `add address ${address}`, type: RTM_NEWADDR, flags, body: bodyOf(address, index) };
}

/** Fails with EADDRNOTAVAIL when the interface does not have it. */
export function deleteAddress(address: string, index: number): Request {
  return { what: `delete address ${address}`, type: RTM_DELADDR, flags: 0, body: bodyOf(address, index) };
}

/** Of IPv4. */
export function allAddresses(): Request {
  const body = Buffer.alloc(MESSAGE_BYTES);
  body[0] = AF_INET;
  return { what: 'list addresses', type: RTM_GETADDR, flags: 0, body };
}

/** @throws {RangeError} */
export function readAddress({ type, body }: Message): LinkAddress | undefined {
  if (type !== RTM_NEWADDR) return undefined;
  const attributes = attributesOf(body, MESSAGE_BYTES);
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (bytes === undefined) return undefined;
  return {
    address: addressText(bytes, body.readUInt8(0)),
    prefix: body.readUInt8(1),
    index: body.readUInt32LE(4),
  };
}

function bodyOf(address: string, index: number): Buffer {
  const head = Buffer.alloc(MESSAGE_BYTES);
  head[0] = familyOf(address);
  head[1] = hostPrefix(address);
  head.writeUInt32LE(index, 4);
  const bytes = addressBytes(address);
  return Buffer.concat([head, attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)]);
}

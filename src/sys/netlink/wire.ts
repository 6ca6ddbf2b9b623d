/**
 * Netlink messages and their attributes, between bytes and values. Pure. See netlink(7), linux/netlink.h.
 *
 *   nlmsghdr  length:u32 type:u16 flags:u16 sequence:u32 port:u32, then the body, padded to 4 bytes
 *   nlattr    length:u16 type:u16, then the value, padded to 4 bytes; a nested one holds attributes
 *
 * Numbers have the byte order of the host, which is little-endian on every platform that we run on; those of the network
 * say so (`be16`, `be32`).
 */

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
/** Of requests that make something. */
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Of requests that ask: everything there is. */
export const NLM_F_DUMP = 0x300;

export const HEADER_BYTES = 16;
const ATTRIBUTE_BYTES = 4;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

/** A message for the kernel; the socket gives it a sequence number. */
export interface Request {
  /** For errors: what is asked, in words, without secrets; e.g. `add address 100.65.0.2/32`. */
  readonly what: string;
  readonly type: number;
  /** Besides NLM_F_REQUEST and NLM_F_ACK. */
  readonly flags: number;
  /** Overwritten with zeros when it was sent: it may hold keys. */
  readonly body: Buffer;
}

/** A message from the kernel. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Shares memory with what was received. */
  readonly body: Buffer;
}

const padded = (length: number): number => (length + 3) & ~3;

export function encodeMessage(request: Request, flags: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(padded(HEADER_BYTES + request.body.length));
  bytes.writeUInt32LE(HEADER_BYTES + request.body.length, 0);
  bytes.writeUInt16LE(request.type, 4);
  bytes.writeUInt16LE(request.flags | flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  request.body.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** The messages in one datagram. @throws {RangeError} when a length leads out of it */
export function decodeMessages(bytes: Buffer): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + HEADER_BYTES <= bytes.length ? bytes.readUInt32LE(at) : 0;
    if (length < HEADER_BYTES || at + length > bytes.length)
      throw new RangeError('a netlink message has a wrong length');
    messages.push({
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    });
    at += padded(length);
  }
  return messages;
}

/** One attribute; several values stand one behind the other. */
export function attribute(type: number, ...values: readonly Buffer[]): Buffer {
  const length = values.reduce((sum, value) => sum + value.length, ATTRIBUTE_BYTES);
  if (length > 0xffff) throw new RangeError(`a netlink attribute of ${length} bytes`);
  const bytes = Buffer.alloc(padded(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  let at = ATTRIBUTE_BYTES;
  for (const value of values) at += value.copy(bytes, at);
  return bytes;
}

/** An attribute that holds attributes. */
export const nested = (type: number, ...attributes: readonly Buffer[]): Buffer =>
  attribute(type | NLA_F_NESTED, ...attributes);

/** The attributes of one type with each one's value, in their order. @throws {RangeError} when a length leads out */
export function attributeList(bytes: Buffer, offset = 0): Array<readonly [type: number, value: Buffer]> {
  const found: Array<readonly [number, Buffer]> = [];
  for (let at = offset; at + ATTRIBUTE_BYTES <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < ATTRIBUTE_BYTES || at + length > bytes.length) {
      throw new RangeError('a netlink attribute has a wrong length');
    }
    found.push([bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + ATTRIBUTE_BYTES, at + length)]);
    at += padded(length);
  }
  return found;
}

/** The attributes by their type; of several of one type the last. */
export const attributesOf = (bytes: Buffer, offset = 0): ReadonlyMap<number, Buffer> =>
  new Map(attributeList(bytes, offset));

export const u8 = (value: number): Buffer => Buffer.of(value);
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
export function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
export function be64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
/** With the NUL that the kernel wants. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);
/** Without it. */
export const textOf = (value: Buffer): string => {
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
};

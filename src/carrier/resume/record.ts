/**
 * The records of a resumable pipe: a type, a length, a body.
 *
 *      0      1           4
 *     ┌──────┬───────────┬─ ─ ─
 *     │ type │ length    │ body          big endian
 *     └──────┴───────────┴─ ─ ─
 *
 * @see docs/protocol.md
 */

export const recordHeaderBytes = 4;

/** The first record of a connection is OPEN or RESUME, from the end that dialed it. */
export const RecordType = {
  /** A new session begins. Body: the version. */
  open: 1,
  /** A session goes on: version, session id, epoch, nonce, offset, proof. */
  resume: 2,
  /** It does: epoch, nonce, offset, proof. */
  resumed: 3,
  /** It does not: one byte of reason. */
  refused: 4,
  /** The next bytes. */
  data: 16,
  /** How much came, 8 bytes; also the sign of life of an end that has nothing to say. */
  ack: 17,
  /** The sender's direction has ended; counts as one byte. */
  end: 18,
  /** The session is given up. */
  abort: 19,
} as const;

export const protocolVersion = 1;

/** Why a resumption is refused. */
export const Refusal = { unknown: 1, stale: 2, version: 3 } as const;

/** Bytes that the body of anything but data may have. */
export const maxControlBody = 256;

/** What an end did that sends such a record in the middle of a session. */
export function unexpected(type: number, body: Buffer): string {
  if (type !== RecordType.refused || body[0] !== Refusal.version)
    return `sent a record of type ${type} in the middle of a session`;
  return `does not speak version ${protocolVersion} of the resumable pipe; update the older one of the two daemons`;
}

/** A record's header alone. */
export function recordHeader(type: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(recordHeaderBytes);
  header.writeUInt32BE(((type << 24) | length) >>> 0, 0);
  return header;
}

/** A record of `count` bytes in one slice, behind what goes before it. */
export function smallRecord(
  before: Buffer | undefined,
  type: number,
  slices: readonly Buffer[],
  count: number,
): Buffer {
  const start = before?.length ?? 0;
  const whole = Buffer.allocUnsafe(start + recordHeaderBytes + count);
  before?.copy(whole, 0);
  let at = whole.writeUInt32BE(((type << 24) | count) >>> 0, start);
  for (const slice of slices) at += slice.copy(whole, at);
  return whole;
}

export function record(type: number, body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([recordHeader(type, body.length), body]);
}

export function ackRecord(offset: number): Buffer {
  const body = Buffer.allocUnsafe(8);
  body.writeBigUInt64BE(BigInt(offset), 0);
  return record(RecordType.ack, body);
}

/**
 * The yamux frame: twelve bytes of header, and for data the bytes.
 *
 *      0         1      2        4                8              12
 *     ┌─────────┬──────┬────────┬────────────────┬───────────────┐
 *     │ version │ type │ flags  │ stream id      │ length        │  big endian
 *     └─────────┴──────┴────────┴────────────────┴───────────────┘
 *
 * The wire's numbers alone; what they mean to a session is in `session.ts`.
 * @see https://github.com/hashicorp/yamux/blob/master/spec.md and docs/protocol.md
 */

export const headerBytes = 12;

/** What `length` means: bytes that follow; credit; an opaque number; a reason. */
export const FrameType = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const;

/** SYN opens, ACK accepts; a PING with SYN asks, with ACK answers. FIN ends the sender's direction, RST both. */
export const Flag = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;

/** All flags that exist. */
export const knownFlags = 0xf;

export const GoAwayCode = { normal: 0, protocolError: 1, internalError: 2 } as const;

/** Bytes that each direction of a stream may send before it was granted more; fixed by the specification. */
export const initialWindow = 256 * 1024;

/** The largest number that a header's fields hold. */
export const maxUint32 = 0xffff_ffff;

/** Writes a header at `at`. */
export function writeHeader(into: Buffer, at: number, type: number, flags: number, id: number, length: number): void {
  into[at] = 0; // version
  into[at + 1] = type;
  into[at + 2] = 0; // flags, of which the upper byte is never used
  into[at + 3] = flags;
  into[at + 4] = id >>> 24;
  into[at + 5] = id >>> 16;
  into[at + 6] = id >>> 8;
  into[at + 7] = id;
  into[at + 8] = length >>> 24;
  into[at + 9] = length >>> 16;
  into[at + 10] = length >>> 8;
  into[at + 11] = length;
}

/**
 * The header of a packet, which is sent in the clear and authenticated together with what it covers.
 *
 *      0      1             4          8               16               24
 *     ┌──────┬─────────────┬──────────┬───────────────┬────────────────┬─ ─ ─ ─ ┬────────┐
 *     │ type │ generation  │ epoch    │ session id    │ packet number  │ sealed │ tag 16 │  big endian
 *     └──────┴─────────────┴──────────┴───────────────┴────────────────┴─ ─ ─ ─ ┴────────┘
 *
 * The upper two bits of the type are zero, which tells these packets from QUIC's on one port (RFC 9443). The wire's
 * numbers alone; keys are in `keys.ts`, what is sealed in `frames.ts`. See docs/protocol.md.
 */

export const headerBytes = 24;
export const tagBytes = 16;
/** Bytes that a packet has beyond its frames. */
export const packetOverhead = headerBytes + tagBytes;
export const sessionIdBytes = 8;

const packetType = 1;
const sessionIdAt = 8;
const numberAt = 16;

/** The largest generation of an epoch: at one in two minutes, 63 years. */
export const maxGeneration = 0xff_ffff;
export const maxEpoch = 0xffff_ffff;

export interface PacketHeader {
  readonly epoch: number;
  readonly generation: number;
  /** From 1, one higher with each packet of a direction for the whole life of a session. */
  readonly number: number;
}

export function writeHeader(into: Buffer, sessionId: Buffer, { epoch, generation, number }: PacketHeader): void {
  into.writeUInt32BE(packetType * 0x100_0000 + generation, 0);
  into.writeUInt32BE(epoch, 4);
  sessionId.copy(into, sessionIdAt);
  into.writeUInt32BE(Math.floor(number / 2 ** 32), numberAt);
  into.writeUInt32BE(number % 2 ** 32, numberAt + 4);
}

/** @returns undefined for what is no packet of ours: another type, too short, a number that nobody reaches */
export function readHeader(packet: Buffer): PacketHeader | undefined {
  // One byte of frames at least.
  if (packet.length <= packetOverhead || packet[0] !== packetType) return undefined;
  const high = packet.readUInt32BE(numberAt);
  if (high >= 2 ** 21) return undefined;
  return {
    generation: packet.readUIntBE(1, 3),
    epoch: packet.readUInt32BE(4),
    number: high * 2 ** 32 + packet.readUInt32BE(numberAt + 4),
  };
}

/** The session id as a key of maps; '' when the packet is none of ours. */
export function sessionKeyOf(packet: Buffer): string {
  if (packet.length <= packetOverhead || packet[0] !== packetType) return '';
  return packet.toString('latin1', sessionIdAt, sessionIdAt + sessionIdBytes);
}

/** Whether it is one of the session with that id. */
export function isOfSession(packet: Buffer, id: Buffer): boolean {
  if (packet.length <= packetOverhead || packet[0] !== packetType) return false;
  const same = packet.readUInt32LE(sessionIdAt) === id.readUInt32LE(0);
  return same && packet.readUInt32LE(sessionIdAt + 4) === id.readUInt32LE(4);
}

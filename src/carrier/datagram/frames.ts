/**
 * What a packet's sealed part consists of: frames, one after the other.
 *
 *     0  PADDING    the rest of the packet, whatever it is
 *     1  DATAGRAM   flow 4 · length 2 · bytes
 *     2  FRAGMENT   flow 4 · datagram id 4 · whole length 2 · offset 2 · length 2 · bytes
 *     3  PROBE      token 8
 *     4  PONG       token 8
 *
 * Only authenticated peers get this far, and even they are not believed: lengths and offsets are checked here.
 */

export const FrameType = { padding: 0, datagram: 1, fragment: 2, probe: 3, pong: 4 } as const;

/** The largest payload that UDP over IPv4 carries; no datagram is larger. */
export const maxDatagram = 65_507;

/** Bytes of a frame before its payload. */
export const datagramHead = 7;
export const fragmentHead = 15;
export const tokenBytes = 8;
export const tokenFrame = 1 + tokenBytes;

/** Every fragment but a datagram's last carries as much, so that the number of fragments is bounded. */
export const minFragment = 512;

/** Takes what a packet carries, in order. Payloads are slices of the packet's plain text. */
export interface FrameSink {
  datagram(flow: number, payload: Buffer): void;
  fragment(flow: number, id: number, whole: number, offset: number, piece: Buffer): void;
  probe(token: Buffer): void;
  pong(token: Buffer): void;
}

/** @returns false when it came to a frame that it does not know or that does not fit; those before it were told */
export function readFrames(plain: Buffer, sink: FrameSink): boolean {
  for (let at = 0; at < plain.length; ) {
    const next = readFrame(plain, at, sink);
    if (next === undefined) return false;
    at = next;
  }
  return true;
}

/** @returns where the next one begins, undefined when this is none */
function readFrame(plain: Buffer, at: number, sink: FrameSink): number | undefined {
  const left = plain.length - at;
  switch (plain[at]) {
    case FrameType.padding:
      return plain.length;
    case FrameType.datagram:
      return left < datagramHead ? undefined : readDatagram(plain, at, sink);
    case FrameType.fragment:
      return left < fragmentHead ? undefined : readFragment(plain, at, sink);
    case FrameType.probe:
      if (left < tokenFrame) return undefined;
      sink.probe(plain.subarray(at + 1, at + tokenFrame));
      return at + tokenFrame;
    case FrameType.pong:
      if (left < tokenFrame) return undefined;
      sink.pong(plain.subarray(at + 1, at + tokenFrame));
      return at + tokenFrame;
    default:
      return undefined;
  }
}

function readDatagram(plain: Buffer, at: number, sink: FrameSink): number | undefined {
  const start = at + datagramHead;
  const end = start + plain.readUInt16BE(at + 5);
  if (end > plain.length || end - start > maxDatagram) return undefined;
  sink.datagram(plain.readUInt32BE(at + 1), plain.subarray(start, end));
  return end;
}

function readFragment(plain: Buffer, at: number, sink: FrameSink): number | undefined {
  const whole = plain.readUInt16BE(at + 9);
  const offset = plain.readUInt16BE(at + 11);
  const start = at + fragmentHead;
  const length = plain.readUInt16BE(at + 13);
  const last = offset + length === whole;
  if (start + length > plain.length || whole > maxDatagram || offset + length > whole) return undefined;
  if (length === 0 || (!last && length < minFragment)) return undefined;
  sink.fragment(
    plain.readUInt32BE(at + 1),
    plain.readUInt32BE(at + 5),
    whole,
    offset,
    plain.subarray(start, start + length),
  );
  return start + length;
}

/** Writes everything of a DATAGRAM at `at`. @returns where it ends */
export function writeDatagram(into: Buffer, at: number, flow: number, payload: Buffer): number {
  into[at] = FrameType.datagram;
  into.writeUInt32BE(flow, at + 1);
  into.writeUInt16BE(payload.length, at + 5);
  payload.copy(into, at + datagramHead);
  return at + datagramHead + payload.length;
}

/** As writeDatagram, for the bytes `offset` … `end - 1` of `payload`. */
export function writeFragment(
  into: Buffer,
  at: number,
  flow: number,
  id: number,
  payload: Buffer,
  offset: number,
  end: number,
): number {
  into[at] = FrameType.fragment;
  into.writeUInt32BE(flow, at + 1);
  into.writeUInt32BE(id, at + 5);
  into.writeUInt16BE(payload.length, at + 9);
  into.writeUInt16BE(offset, at + 11);
  into.writeUInt16BE(end - offset, at + 13);
  payload.copy(into, at + fragmentHead, offset, end);
  return at + fragmentHead + end - offset;
}

/** @param type PROBE or PONG */
export function writeToken(into: Buffer, at: number, type: number, token: Buffer): number {
  into[at] = type;
  token.copy(into, at + 1);
  return at + tokenFrame;
}

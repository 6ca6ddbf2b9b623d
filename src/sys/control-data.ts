/**
 * Ancillary data of a received message: how long the packets in it are (UDP_GRO), and which of our addresses it was sent to.
 *
 *   cmsghdr  length:8 level:4 type:4 data, the next one 8-aligned
 */
import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, IPV6_PKTINFO, UDP_GRO } from './constants.ts';
import { SyscallError } from './errno.ts';
import type { DatagramBatch } from './mmsg.ts';
import { setOption } from './sockets.ts';

const DATA = 16;
const SPACE = 64;

/** What the kernel said about one message. */
export interface Control {
  /** Bytes of each packet in it; 0 = it is one packet. */
  readonly segment: number;
  /** The `in_pktinfo` or `in6_pktinfo` message's place in the batch's control memory, or -1. */
  readonly source: number;
}

export function readControl(batch: DatagramBatch, i: number): Control {
  const { view } = batch.controls;
  const start = batch.controlAt(i);
  const end = start + Math.min(batch.controlLength(i), SPACE);
  let segment = 0;
  let source = -1;
  for (let at = start; at + DATA <= end; ) {
    const length = view.getUint32(at, true);
    if (length < DATA) break;
    const level = view.getInt32(at + 8, true);
    const type = view.getInt32(at + 12, true);
    if (level === IPPROTO_UDP && type === UDP_GRO) segment = view.getUint16(at + DATA, true);
    else if (level === IPPROTO_IP && type === IP_PKTINFO) source = at;
    else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) source = at;
    at += (length + 7) & ~7;
  }
  return { segment, source };
}

/** Bytes of each packet in message `i`; its length when it is one packet. */
function segmentLength(batch: DatagramBatch, i: number): number {
  const { view } = batch.controls;
  const start = batch.controlAt(i);
  const end = start + Math.min(batch.controlLength(i), SPACE);
  for (let at = start; at + DATA <= end; ) {
    const length = view.getUint32(at, true);
    if (length < DATA) break;
    const found = view.getInt32(at + 8, true) === IPPROTO_UDP && view.getInt32(at + 12, true) === UDP_GRO;
    if (found) return view.getUint16(at + DATA, true) || batch.length(i);
    at += (length + 7) & ~7;
  }
  return batch.length(i);
}

/** Each packet of message `i` in turn; without anything allocated for one that is alone, as most are. */
export function eachPacket(batch: DatagramBatch, i: number, packet: (bytes: Buffer) => void): void {
  const bytes = batch.bytes(i);
  const step = segmentLength(batch, i);
  if (step >= bytes.length) return packet(bytes);
  for (let at = 0; at < bytes.length; at += step) packet(bytes.subarray(at, at + step));
}

/** Packets that came together are told as one message from now on, where the kernel can (Linux 5.0). */
export function receiveJoined(fd: number): void {
  try {
    setOption(fd, IPPROTO_UDP, UDP_GRO, 1);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

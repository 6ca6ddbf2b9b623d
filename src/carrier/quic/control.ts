/**
 * Ancillary data of a received message: how long its segments are, and which of our addresses it was sent to.
 *
 *   cmsghdr  length:8 level:4 type:4 data, the next one 8-aligned
 */
import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, IPV6_PKTINFO, UDP_GRO } from '../../sys/constants.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';

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

/** Distinguishes the addresses of ours that datagrams were sent to. */
export function sourceKey(batch: DatagramBatch, at: number): string {
  if (at < 0) return '';
  const { view, buffer } = batch.controls;
  return buffer.toString('latin1', at + DATA, at + view.getUint32(at, true));
}

/** The message that makes an answer leave from the address that was asked; a copy. */
export function answerControl(batch: DatagramBatch, at: number): Buffer {
  if (at < 0) return Buffer.alloc(0);
  const { view, buffer } = batch.controls;
  const v4 = view.getInt32(at + 8, true) === IPPROTO_IP;
  const control = Buffer.alloc(v4 ? 32 : 40);
  buffer.copy(control, 0, at, at + DATA + (v4 ? 12 : 20));
  // Routing decides the way out, but for link-local addresses, which mean nothing without their interface.
  const linkLocal = control[DATA] === 0xfe && ((control[DATA + 1] ?? 0) & 0xc0) === 0x80;
  if (v4) control.writeUInt32LE(0, DATA);
  else if (!linkLocal) control.writeUInt32LE(0, DATA + 16);
  return control;
}

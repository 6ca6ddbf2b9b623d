/**
 * Keys of UDP flows: who sent a datagram, and to which of our addresses.
 *
 * An IPv4 client of a head with one address is a plain number (no allocation per datagram); everything else is a
 * string of the same bytes.
 */
import { AF_INET, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO } from '../../sys/constants.ts';
import type { DatagramBatch } from '../../sys/mmsg.ts';

/** Distinguishes flows. */
export type FlowKey = number | string;

/** cmsghdr: length, level, type. */
const CMSG_DATA = 16;

/** @param wildcard the head has no single address, so the local one is part of the key */
export function flowKey(batch: DatagramBatch, i: number, wildcard: boolean): FlowKey {
  const { view, buffer } = batch.names;
  const at = batch.nameAt(i);
  const v4 = view.getUint16(at, true) === AF_INET;
  if (v4 && !wildcard) return view.getUint32(at + 4) * 65_536 + view.getUint16(at + 2);
  // flowinfo (bytes 4-7 of sockaddr_in6) is not part of who somebody is.
  const client = v4 ? text(buffer, at + 2, at + 8) : text(buffer, at + 2, at + 4) + text(buffer, at + 8, at + 28);
  return wildcard ? client + localControl(batch, i).toString('latin1') : client;
}

/**
 * The ancillary data that makes an answer to datagram `i` leave from the address that datagram was sent to; a copy.
 * Empty when the kernel told nothing.
 *
 *   in_pktinfo  ifindex:4 spec_dst:4 addr:4        in6_pktinfo  addr:16 ifindex:4
 */
export function localControl(batch: DatagramBatch, i: number): Buffer {
  const { view, buffer } = batch.controls;
  const at = batch.controlAt(i);
  const level = view.getInt32(at + 8, true);
  const type = view.getInt32(at + 12, true);
  if (level === IPPROTO_IP && type === IP_PKTINFO) {
    const control = Buffer.alloc(32);
    buffer.copy(control, 0, at, at + CMSG_DATA + 12);
    // Routing decides the way out; spec_dst alone is our source address.
    control.writeUInt32LE(0, CMSG_DATA);
    return control;
  }
  if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) {
    const control = Buffer.alloc(40);
    buffer.copy(control, 0, at, at + CMSG_DATA + 20);
    // Link-local addresses mean nothing without their interface; for others routing decides.
    const linkLocal = control[CMSG_DATA] === 0xfe && ((control[CMSG_DATA + 1] ?? 0) & 0xc0) === 0x80;
    if (!linkLocal) control.writeUInt32LE(0, CMSG_DATA + 16);
    return control;
  }
  return Buffer.alloc(0);
}

function text(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}

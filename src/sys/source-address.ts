/**
 * Which of several own addresses a datagram leaves from: the ancillary data that tells the kernel. See ip(7), ipv6(7).
 *
 *   cmsghdr   length:8 level:4 type:4      in_pktinfo  ifindex:4 spec_dst:4 addr:4      in6_pktinfo  addr:16 ifindex:4
 */
import { AF_INET, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO } from './constants.ts';
import { encodeIp } from './sockaddr.ts';

const head = 16;

/** For `DatagramBatch.address`. @param host an IP literal */
export function sourceControl(host: string): Buffer {
  const name = encodeIp({ host, port: 0 });
  const v4 = name.readUInt16LE(0) === AF_INET;
  const size = v4 ? 12 : 20;
  // Both are padded to a multiple of eight.
  const control = Buffer.alloc(head + (v4 ? 16 : 24));
  control.writeUInt32LE(head + size, 0);
  control.writeInt32LE(v4 ? IPPROTO_IP : IPPROTO_IPV6, 8);
  control.writeInt32LE(v4 ? IP_PKTINFO : IPV6_PKTINFO, 12);
  if (v4) {
    // Routing decides the way out; spec_dst alone is our address.
    name.copy(control, head + 4, 4, 8);
  } else {
    name.copy(control, head, 8, 24);
    name.copy(control, head + 16, 24, 28); // 0 unless the address means nothing without its interface
  }
  return control;
}

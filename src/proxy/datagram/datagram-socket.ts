/**
 * Options of UDP sockets, heads and upstreams alike. See udp(7), ip(7), ipv6(7).
 */
import {
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SOL_SOCKET,
} from '../../sys/constants.ts';
import { setOption } from '../../sys/sockets.ts';

/** Room for a burst while the worker is busy elsewhere. */
const BUFFER_BYTES = 4 << 20;

/** A head must learn which address a datagram was sent to, to answer from it. */
export function prepareDatagramHead(fd: number, v6: boolean): void {
  if (v6) {
    setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else setOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
  prepareDatagramSocket(fd, v6);
}

/** Large datagrams are fragmented rather than refused; buffers grow as far as the kernel lets us. */
export function prepareDatagramSocket(fd: number, v6: boolean): void {
  if (v6) setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DONT);
  else setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  try {
    setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
  } catch {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
  }
  setOption(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

/**
 * A UDP socket whose packets the kernel takes as ESP. As long as it is open the tunnel works; no process reads or writes the
 * packets. See RFC 3948, udp(7).
 */
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  SOCK_DGRAM,
  UDP_ENCAP,
  UDP_ENCAP_ESPINUDP,
} from '../../sys/constants.ts';
import type { OwnedFd } from '../../sys/fd.ts';
import type { IpEndpoint } from '../../sys/sockaddr.ts';
import { bindIp, sendTo, setOption, socketIn } from '../../sys/sockets.ts';

/** RFC 3948 §2.3: a packet of this one byte keeps a NAT's mapping alive, and whoever gets it drops it. */
const KEEPALIVE = Buffer.of(0xff);

export interface EncapsulationWish {
  readonly local: IpEndpoint;
  /** Where keepalives go. */
  readonly remote: IpEndpoint;
  /** 0 = none. */
  readonly keepaliveSeconds: number;
}

export class EncapsulationSocket implements Disposable {
  readonly local: IpEndpoint;
  readonly #socket: OwnedFd;
  #remote: IpEndpoint;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @throws {SyscallError} EADDRINUSE, EADDRNOTAVAIL; ENOPROTOOPT when the kernel has no ESP in UDP */
  constructor({ local, remote, keepaliveSeconds }: EncapsulationWish) {
    this.local = local;
    this.#remote = remote;
    const v6 = local.host.includes(':');
    this.#socket = socketIn(undefined, v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    try {
      if (v6) setOption(this.#socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      bindIp(this.#socket.fd, local);
      setOption(this.#socket.fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
    if (keepaliveSeconds === 0) return;
    this.#keepAlive();
    this.#timer = setInterval(() => this.#keepAlive(), keepaliveSeconds * 1_000);
  }

  /** The peer is seen from another address now. */
  steer(remote: IpEndpoint): void {
    this.#remote = remote;
  }

  /** One that could not be sent is no reason to do anything: the next one follows. */
  #keepAlive(): void {
    sendTo(this.#socket.fd, KEEPALIVE, this.#remote);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket[Symbol.dispose]();
  }
}

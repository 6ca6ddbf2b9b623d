/**
 * The network stack of one namespace, as tunnels ask it: its netlink sockets, each opened when it is first needed, and the few
 * questions that several parts have.
 */
import { allAddresses, readAddress } from '../sys/netlink/address.ts';
import { familyNamed, readFamily } from '../sys/netlink/generic.ts';
import { type Link, linkNamed, readLink } from '../sys/netlink/link.ts';
import {
  NETLINK_GENERIC,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_XFRM,
  NetlinkSocket,
} from '../sys/netlink/netlink-socket.ts';
import { WIREGUARD_FAMILY } from '../sys/netlink/wireguard.ts';
import type { NetNamespace } from '../sys/netns.ts';
import { orAbsent } from './failure.ts';

export class NetworkStack implements Disposable {
  /** Absent = the calling thread's. Borrowed. */
  readonly namespace: NetNamespace | undefined;
  readonly #sockets = new Map<number, NetlinkSocket>();
  #wireguard: number | undefined;

  constructor(namespace?: NetNamespace) {
    this.namespace = namespace;
  }

  /** @throws {SyscallError} EMFILE, EPERM */
  get route(): NetlinkSocket {
    return this.#socket(NETLINK_ROUTE);
  }

  /** @throws {SyscallError} EPROTONOSUPPORT when the kernel has no IPsec */
  get xfrm(): NetlinkSocket {
    return this.#socket(NETLINK_XFRM);
  }

  /** @throws {SyscallError} EPROTONOSUPPORT when the kernel has no firewall */
  get netfilter(): NetlinkSocket {
    return this.#socket(NETLINK_NETFILTER);
  }

  get generic(): NetlinkSocket {
    return this.#socket(NETLINK_GENERIC);
  }

  /** The number of the kernel's WireGuard. @throws {NetlinkError} ENOENT when it has none */
  async wireguardFamily(): Promise<number> {
    this.#wireguard ??= readFamily(await this.generic.get(familyNamed(WIREGUARD_FAMILY)));
    return this.#wireguard;
  }

  /** Undefined when there is none. */
  async link(name: string): Promise<Link | undefined> {
    const body = await orAbsent(this.route.get(linkNamed(name)), 'ENODEV');
    return body === undefined ? undefined : readLink(body);
  }

  /** Whether an interface has this address. */
  async hasAddress(address: string, index: number): Promise<boolean> {
    const all = await this.route.dump(allAddresses(), readAddress);
    return all.some((found) => found.address === address && found.index === index);
  }

  #socket(protocol: number): NetlinkSocket {
    const open = this.#sockets.get(protocol) ?? new NetlinkSocket(protocol, this.namespace);
    this.#sockets.set(protocol, open);
    return open;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket[Symbol.dispose]();
    this.#sockets.clear();
  }
}

/**
 * The network stack of one namespace, as tunnels ask it: its netlink sockets, each opened when it is first needed, and the few
 * questions that several parts have.
 */
import { allAddresses, type LinkAddress, readAddress } from '../sys/netlink/address.ts';
import { familyNamed, readFamily } from '../sys/netlink/generic.ts';
import { type Link, linkNamed, readLink } from '../sys/netlink/link.ts';
import {
  NETLINK_GENERIC,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_XFRM,
  NetlinkSocket,
} from '../sys/netlink/netlink-socket.ts';
import { ownRoutes, type Route, readOwnRoute } from '../sys/netlink/route.ts';
import { WIREGUARD_FAMILY } from '../sys/netlink/wireguard.ts';
import { allPolicies, type Policy, readPolicy } from '../sys/netlink/xfrm-policy.ts';
import { allSas, readSaMessage, type SaState } from '../sys/netlink/xfrm-state.ts';
import type { NetNamespace } from '../sys/netns.ts';
import { orAbsent } from './failure.ts';
import { Listed } from './listed.ts';
import { Recent } from './recent.ts';
import { RecentNames } from './recent-names.ts';

export class NetworkStack implements Disposable {
  /** Absent = the calling thread's. Borrowed. */
  readonly namespace: NetNamespace | undefined;
  readonly #sockets = new Map<number, NetlinkSocket>();
  #wireguard: number | undefined;
  readonly #links = new RecentNames(
    (name) => this.link(name),
    () => this.#sockets.get(NETLINK_ROUTE)?.changes ?? 0,
  );
  readonly #addresses = this.#listed(
    NETLINK_ROUTE,
    (socket) => socket.dump(allAddresses(), readAddress),
    ({ address }) => address,
  );
  readonly #routes = this.#listed(
    NETLINK_ROUTE,
    (socket) => socket.dump(ownRoutes(), readOwnRoute),
    ({ destination }) => destination,
  );
  readonly #sas = this.#listed(
    NETLINK_XFRM,
    (socket) => socket.dump(allSas(), readSaMessage),
    ({ reqid }) => reqid,
  );
  readonly #policies = this.#listed(
    NETLINK_XFRM,
    (socket) => socket.dump(allPolicies(), readPolicy),
    ({ reqid }) => reqid,
  );

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

  /** Grows when something was asked of the firewall. */
  get netfilterChanges(): number {
    return this.#sockets.get(NETLINK_NETFILTER)?.changes ?? 0;
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

  /** As {@link link}, as it was a moment ago at most: for lists and rounds, since many tunnels share an interface. */
  linkAgain(name: string): Promise<Link | undefined> {
    return this.#links.get(name);
  }

  /** All addresses of IPv4, by what they are. */
  addresses(): Promise<Listed<LinkAddress>> {
    return this.#addresses.get();
  }

  /** The routes that we made, by where they lead. */
  routes(): Promise<Listed<Route>> {
    return this.#routes.get();
  }

  /** All security associations of ESP in tunnel mode, by reqid. */
  sas(): Promise<Listed<SaState>> {
    return this.#sas.get();
  }

  /** All policies from host to host, by reqid. */
  policies(): Promise<Listed<Policy>> {
    return this.#policies.get();
  }

  #listed<T>(
    protocol: number,
    ask: (socket: NetlinkSocket) => Promise<T[]>,
    keyOf: (one: T) => string | number,
  ): Recent<Listed<T>> {
    return new Recent(
      async () => new Listed(await ask(this.#socket(protocol)), keyOf),
      () => this.#sockets.get(protocol)?.changes ?? 0,
    );
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

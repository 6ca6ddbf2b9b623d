/**
 * What lies between the hosts of a test: a router in a namespace of its own, with a link to each host.
 *
 *     host 1 ── 10.99.1.2/24 ─┐                        ┌─ 10.99.2.2/24 ── host 2
 *               fd99:0:0:1::2 ├─ router: 10.99.N.1 ────┤  fd99:0:0:2::2
 *                             │  and fd99:0:0:N::1     └─ (NAT) 10.99.3.2 ── host 3
 *
 * A host has a route to the others and to nothing else. Behind NAT it dials with the router's addresses, and nobody
 * dials it. A pair of hosts is cut by dropping what they send each other, unanswered, as a network does that is gone.
 */
import { writeFileSync } from 'node:fs';
import { command } from './command.ts';
import { Netns } from './netns.ts';
import { type Path, SlowLink } from './slow-link.ts';

/** Where a host is, seen from the others. */
export interface Site {
  readonly v4: string;
  readonly v6: string;
}

export interface LinkOptions {
  /** It can dial and cannot be dialed. */
  readonly nat?: boolean;
  /** Its packets take time, and some are lost; absent = neither. */
  readonly path?: Path;
}

const forwarding = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'];

const rules = `
  table inet internet {
    set cut { type ifname . ifname; }
    set hidden { type ifname; }
    set inner4 { type ipv4_addr; }
    set inner6 { type ipv6_addr; }
    chain forward {
      type filter hook forward priority 0;
      iifname . oifname @cut drop
      oifname @hidden ct state new drop
    }
    chain leave {
      type nat hook postrouting priority 100;
      ip saddr @inner4 masquerade
      ip6 saddr @inner6 masquerade
    }
  }`;

export class Internet implements AsyncDisposable {
  readonly netns: Netns;
  readonly #slow: SlowLink[] = [];
  readonly #numbers = new Map<string, number>();

  private constructor(netns: Netns) {
    this.netns = netns;
  }

  static async start(): Promise<Internet> {
    const made = new Internet(Netns.create());
    made.netns.namespace.enter(() => {
      for (const name of forwarding) writeFileSync(`/proc/sys/${name}`, '1');
    });
    await made.#nft(rules);
    return made;
  }

  /** Connects a host. */
  async link(name: string, host: Netns, { nat = false, path }: LinkOptions): Promise<Site> {
    const n = this.#numbers.size + 1;
    this.#numbers.set(name, n);
    const site = { v4: `10.99.${n}.2`, v6: `fd99:0:0:${n}::2` };
    const port = portOf(name);
    if (path === undefined) {
      this.netns.ip('link', 'add', 'name', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.name);
    } else {
      this.#slow.push(await SlowLink.start(path, { netns: this.netns, device: port }, { netns: host, device: 'eth0' }));
    }
    const addresses = (device: string, last: number): string[] => [
      `address add 10.99.${n}.${last}/24 dev ${device}`,
      `address add fd99:0:0:${n}::${last}/64 dev ${device} nodad`,
      `link set ${device} up`,
    ];
    this.netns.configure(...addresses(port, 1));
    host.configure(
      ...addresses('eth0', 2),
      `route add 10.99.0.0/16 via 10.99.${n}.1`,
      `route add fd99::/48 via fd99:0:0:${n}::1`,
    );
    if (nat) {
      await this.#nft(
        `add element inet internet hidden { ${port} }
         add element inet internet inner4 { ${site.v4} }
         add element inet internet inner6 { ${site.v6} }`,
      );
    }
    return site;
  }

  /** A further address of the router that a host can dial, to stand for another host there. */
  standIn(near: string, other: string): string {
    const address = `10.99.${this.#numbers.get(near)}.${100 + (this.#numbers.get(other) ?? 0)}`;
    this.netns.ip('address', 'replace', `${address}/32`, 'dev', portOf(near));
    return address;
  }

  /** Nothing gets through between two hosts, and nobody is told. */
  cut(one: string, other: string): Promise<void> {
    return this.#nft(`add element inet internet cut { ${pair(one, other)}, ${pair(other, one)} }`);
  }

  heal(one: string, other: string): Promise<void> {
    return this.#nft(`delete element inet internet cut { ${pair(one, other)}, ${pair(other, one)} }`);
  }

  /**
   * The NAT forgets who is who, and is known to `to` by another address from now on: the kernel drops what was masqueraded
   * with an address that is removed.
   */
  readdress(to: string): void {
    const n = this.#numbers.get(to);
    this.netns.ip('address', 'delete', `10.99.${n}.1/24`, 'dev', portOf(to));
    this.netns.ip('address', 'add', `10.99.${n}.77/24`, 'dev', portOf(to));
  }

  /**
   * The NAT forgets who is who, and what is UDP comes to `to` from a port between those from now on, whatever it was sent from.
   *
   * @param ports LO-HI
   */
  async rebind(to: string, ports: string): Promise<void> {
    const families = ['ip saddr @inner4', 'ip6 saddr @inner6'];
    const lines = [`meta l4proto udp masquerade to :${ports}`, 'masquerade'].flatMap((then) =>
      families.map((whose) => `add rule inet internet leave ${whose} ${then}`),
    );
    await this.#nft(['flush chain inet internet leave', ...lines].join('\n'));
    const n = this.#numbers.get(to);
    for (const address of [`10.99.${n}.1/24`, `fd99:0:0:${n}::1/64`]) {
      this.netns.ip('address', 'delete', address, 'dev', portOf(to));
      this.netns.ip('address', 'add', address, 'dev', portOf(to), ...(address.includes(':') ? ['nodad'] : []));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#slow) await link[Symbol.asyncDispose]();
    this.netns[Symbol.dispose]();
  }

  async #nft(script: string): Promise<void> {
    await command('nsenter', [`--net=${this.netns.path}`, 'nft', '--file', '-'], { stdin: script });
  }
}

/** The router's end of a host's link. */
const portOf = (name: string): string => `to-${name}`;
const pair = (from: string, to: string): string => `${portOf(from)} . ${portOf(to)}`;

/**
 * A world of hosts: each with its own network, names, daemon and maybe engine, joined by a router, far from anything else.
 *
 *     await using world = await Hosts.start({ hosts: { a: {}, b: { engine: true }, c: { nat: true } } });
 *     await world.a.daemon.wormhole('ping', 'b');
 *
 * They know each other by name, except those behind NAT, and hold the same key. The test is in none of them.
 */
import { randomBytes } from 'node:crypto';
import { Scope } from '../../src/lib/scope.ts';
import { HalfOpenRelay } from './half-open-relay.ts';
import { Host, type HostOptions } from './host.ts';
import { Internet } from './internet.ts';
import type { Netns } from './netns.ts';

export class Hosts implements AsyncDisposable {
  readonly #internet: Internet;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #scope: Scope;

  private constructor(internet: Internet, hosts: ReadonlyMap<string, Host>, scope: Scope) {
    this.#internet = internet;
    this.#hosts = hosts;
    this.#scope = scope;
  }

  /** Resolves when every daemon is ready. */
  static async start<Name extends string>(options: {
    readonly hosts: Readonly<Record<Name, HostOptions>>;
    /** That all daemons hold; absent = a random one. */
    readonly key?: string;
  }): Promise<Hosts & Readonly<Record<Name, Host>>> {
    const { key = randomBytes(32).toString('base64') } = options;
    const all = Object.entries<HostOptions>(options.hosts);
    await using building = new Scope('hosts');
    const internet = building.use(await Internet.start());
    const hosts = new Map<string, Host>();
    // One after the other: links have numbers.
    for (const [name, one] of all) hosts.set(name, building.use(await Host.make(name, internet, one, key)));
    for (const host of hosts.values()) {
      for (const [name, { nat = false }] of all) {
        const { site } = hosts.get(name) as Host;
        if (name !== host.name && !nat) host.knows(name, site.v4, site.v6);
      }
    }
    await Promise.all(all.map(async ([name, { down = false }]) => (down ? undefined : await hosts.get(name)?.up())));
    const scope = new Scope('hosts');
    building.moveTo(scope);
    return Object.assign(new Hosts(internet, hosts, scope), Object.fromEntries(hosts) as Readonly<Record<Name, Host>>);
  }

  /** What is between the hosts, outside of all tunnels. */
  get router(): Netns {
    return this.#internet.netns;
  }

  /** The network between two hosts is gone: nothing arrives, and nobody is told. */
  cut(one: string, other: string): Promise<void> {
    return this.#internet.cut(one, other);
  }

  heal(one: string, other: string): Promise<void> {
    return this.#internet.heal(one, other);
  }

  /** Who is behind a NAT comes to `to` from another address from now on, with all that is open. */
  readdress(to: string): void {
    this.#internet.readdress(to);
  }

  /** Who is behind a NAT comes to `to` from other UDP ports from now on, LO-HI, with all that is open. */
  rebind(to: string, ports: string): Promise<void> {
    return this.#internet.rebind(to, ports);
  }

  /** The daemon stops where it is, its sockets open. */
  freeze(name: string): void {
    this.#host(name).daemon.signal('SIGSTOP');
  }

  thaw(name: string): void {
    this.#host(name).daemon.signal('SIGCONT');
  }

  /**
   * From now on `from` reaches the carrier port of `to` through a relay, by the same name; TCP alone gets there.
   *
   * @param keep bytes of each connection that it keeps
   */
  async relay(from: string, to: string, keep?: number): Promise<HalfOpenRelay> {
    const host = this.#internet.standIn(from, to);
    const far = { host: this.#host(to).site.v4, port: 9999 };
    const { namespace } = this.#internet.netns;
    const relay = this.#scope.use(await HalfOpenRelay.start(namespace, { host, port: far.port }, far, keep));
    this.#host(from).knows(to, host);
    return relay;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }
}

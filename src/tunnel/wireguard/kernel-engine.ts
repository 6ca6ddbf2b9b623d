/**
 * The kernel's WireGuard. Its UDP socket belongs to the namespace that the interface was made in, wherever that is moved to.
 */
import { createLink, deleteLink } from '../../sys/netlink/link.ts';
import {
  addWireguardPeer,
  changeWireguardPeer,
  getWireguard,
  readWireguard,
  removeWireguardPeer,
  setWireguard,
  type WireguardDevice,
  type WireguardPeerChange,
} from '../../sys/netlink/wireguard.ts';
import { orAbsent, unless } from '../failure.ts';
import type { NetworkStack } from '../stack.ts';
import type { Arrivals } from './arrivals.ts';
import type { DeviceSecrets, WireguardEngine } from './engine.ts';
import { type Peers, RecentLooks } from './recent-looks.ts';

export class KernelEngine implements WireguardEngine {
  readonly linkKind = 'wireguard';
  readonly arrivals: Arrivals;
  readonly #looks = new RecentLooks(
    (stack, name) => this.look(stack, name),
    ({ generic }) => generic.changes,
  );

  constructor(arrivals: Arrivals) {
    this.arrivals = arrivals;
  }

  async create(host: NetworkStack, name: string, secrets: DeviceSecrets): Promise<void> {
    const family = await host.wireguardFamily();
    await host.route.ask(createLink({ name, kind: this.linkKind }));
    try {
      await host.generic.ask(setWireguard(family, name, secrets));
    } catch (error) {
      const made = await host.link(name);
      if (made !== undefined) await unless(host.route.ask(deleteLink(made)), 'ENODEV');
      throw error;
    }
  }

  async look(stack: NetworkStack, name: string): Promise<WireguardDevice | undefined> {
    const family = await stack.wireguardFamily();
    const asked = stack.generic.dump(getWireguard(family, name), ({ body }) => Buffer.from(body));
    const bodies = await orAbsent(asked, 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP');
    if (bodies === undefined) return undefined;
    try {
      return readWireguard(bodies);
    } finally {
      // The kernel tells the private key as well.
      for (const body of bodies) body.fill(0);
    }
  }

  lookAgain(stack: NetworkStack, name: string): Promise<Peers | undefined> {
    return this.#looks.get(stack, name);
  }

  async addPeer(stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void> {
    await stack.generic.ask(addWireguardPeer(await stack.wireguardFamily(), name, peer));
  }

  async changePeer(stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void> {
    await stack.generic.ask(changeWireguardPeer(await stack.wireguardFamily(), name, peer));
  }

  async removePeer(stack: NetworkStack, name: string, publicKey: Buffer): Promise<void> {
    const request = removeWireguardPeer(await stack.wireguardFamily(), name, publicKey);
    await unless(stack.generic.ask(request), 'ENODEV');
  }

  /** The kernel opens the port when the interface is set up, and refuses that when it cannot. */
  listening(): Promise<void> {
    return Promise.resolve();
  }

  gone(): Promise<void> {
    return Promise.resolve();
  }
}

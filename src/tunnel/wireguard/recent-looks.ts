/**
 * What was found of interfaces a moment ago: all tunnels of one interface are listed and mended by the same look at it.
 */
import type { WireguardDevice, WireguardPeer } from '../../sys/netlink/wireguard.ts';
import { Listed } from '../listed.ts';
import { RecentNames } from '../recent-names.ts';
import type { NetworkStack } from '../stack.ts';

/** The peers of an interface that works, see {@link peerKey}. */
export type Peers = Listed<WireguardPeer>;
type Look = (stack: NetworkStack, name: string) => Promise<WireguardDevice | undefined>;

export class RecentLooks {
  readonly #look: Look;
  readonly #generation: (stack: NetworkStack) => number;
  readonly #found = new WeakMap<NetworkStack, RecentNames<Peers | undefined>>();

  /** @param generation another number when something was changed */
  constructor(look: Look, generation: (stack: NetworkStack) => number) {
    this.#look = look;
    this.#generation = generation;
  }

  get(stack: NetworkStack, name: string): Promise<Peers | undefined> {
    const found =
      this.#found.get(stack) ??
      new RecentNames(
        async (its) => peersOf(await this.#look(stack, its)),
        () => this.#generation(stack),
      );
    this.#found.set(stack, found);
    return found.get(name);
  }
}

export const peerKey = ({ publicKey }: Pick<WireguardPeer, 'publicKey'>): string => publicKey.toString('latin1');

const peersOf = (device: WireguardDevice | undefined): Peers | undefined => device && new Listed(device.peers, peerKey);

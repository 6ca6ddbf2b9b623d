/**
 * What was found of interfaces a moment ago: all tunnels of one interface are listed and mended by the same look at it.
 */
import type { WireguardDevice, WireguardPeer } from '../../sys/netlink/wireguard.ts';
import { Listed } from '../listed.ts';
import { Recent } from '../recent.ts';
import type { NetworkStack } from '../stack.ts';

/** The peers of an interface that works, see {@link peerKey}. */
export type Peers = Listed<WireguardPeer>;
type Look = (stack: NetworkStack, name: string) => Promise<WireguardDevice | undefined>;

/** Milliseconds: bytes are counted in them, and whoever lists, sends and lists again sees what was sent. */
const GOOD_MS = 5;
/** Interfaces that are remembered of one namespace; beyond it all are forgotten. */
const MOST_NAMES = 256;

export class RecentLooks {
  readonly #look: Look;
  readonly #generation: (stack: NetworkStack) => number;
  readonly #found = new WeakMap<NetworkStack, Map<string, Recent<Peers | undefined>>>();

  /** @param generation another number when something was changed */
  constructor(look: Look, generation: (stack: NetworkStack) => number) {
    this.#look = look;
    this.#generation = generation;
  }

  get(stack: NetworkStack, name: string): Promise<Peers | undefined> {
    const names = this.#found.get(stack) ?? new Map<string, Recent<Peers | undefined>>();
    this.#found.set(stack, names);
    if (names.size >= MOST_NAMES && !names.has(name)) names.clear();
    const found =
      names.get(name) ??
      new Recent(
        async () => peersOf(await this.#look(stack, name)),
        () => this.#generation(stack),
        GOOD_MS,
      );
    names.set(name, found);
    return found.get();
  }
}

export const peerKey = ({ publicKey }: Pick<WireguardPeer, 'publicKey'>): string => publicKey.toString('latin1');

const peersOf = (device: WireguardDevice | undefined): Peers | undefined => device && new Listed(device.peers, peerKey);

/**
 * What was found of interfaces a moment ago: all tunnels of one interface are listed and mended by the same look at it.
 */
import type { WireguardDevice } from '../../sys/netlink/wireguard.ts';
import { Recent } from '../recent.ts';
import type { NetworkStack } from '../stack.ts';

type Look = (stack: NetworkStack, name: string) => Promise<WireguardDevice | undefined>;

/** Milliseconds: bytes are counted in them, and whoever lists, sends and lists again sees what was sent. */
const GOOD_MS = 5;
/** Interfaces that are remembered of one namespace; beyond it all are forgotten. */
const MOST_NAMES = 256;

export class RecentLooks {
  readonly #look: Look;
  readonly #generation: (stack: NetworkStack) => number;
  readonly #found = new WeakMap<NetworkStack, Map<string, Recent<WireguardDevice | undefined>>>();

  /** @param generation another number when something was changed */
  constructor(look: Look, generation: (stack: NetworkStack) => number) {
    this.#look = look;
    this.#generation = generation;
  }

  get(stack: NetworkStack, name: string): Promise<WireguardDevice | undefined> {
    const names = this.#found.get(stack) ?? new Map<string, Recent<WireguardDevice | undefined>>();
    this.#found.set(stack, names);
    if (names.size >= MOST_NAMES && !names.has(name)) names.clear();
    const found =
      names.get(name) ??
      new Recent(
        () => this.#look(stack, name),
        () => this.#generation(stack),
        GOOD_MS,
      );
    names.set(name, found);
    return found.get();
  }
}

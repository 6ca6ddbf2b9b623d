/**
 * What carries out WireGuard: the kernel, or the program wireguard-go. Both make a network interface and are told keys and peers; for
 * all else the interface is one like any other.
 */
import type { WireguardDevice, WireguardPeerChange } from '../../sys/netlink/wireguard.ts';
import type { NetworkStack } from '../stack.ts';
import type { Arrivals } from './arrivals.ts';
import type { Peers } from './recent-looks.ts';

export interface DeviceSecrets {
  readonly privateKey: Buffer;
  readonly listenPort: number;
}

export interface WireguardEngine {
  /** Of the interfaces that it makes, as the kernel calls it. */
  readonly linkKind: string;
  /** Counts what comes to the ports of its interfaces; absent = nobody does. */
  readonly arrivals?: Arrivals;
  /** Makes the interface in the host's namespace, down, with key and port. Leaves nothing when it fails. */
  create(host: NetworkStack, name: string, secrets: DeviceSecrets): Promise<void>;
  /** @param stack of the namespace that the interface is in now @returns undefined when there is none that works */
  look(stack: NetworkStack, name: string): Promise<WireguardDevice | undefined>;
  /** Its peers, as they were a moment ago at most: for lists and rounds, not to decide by. */
  lookAgain(stack: NetworkStack, name: string): Promise<Peers | undefined>;
  addPeer(stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void>;
  changePeer(stack: NetworkStack, name: string, peer: WireguardPeerChange): Promise<void>;
  /** One that is not there stays away. */
  removePeer(stack: NetworkStack, name: string, publicKey: Buffer): Promise<void>;
  /** Resolves when the port is open, after the interface was set up. */
  listening(stack: NetworkStack, name: string, listenPort: number): Promise<void>;
  /** Resolves when all of it has ended, after the interface was deleted. */
  gone(name: string): Promise<void>;
}

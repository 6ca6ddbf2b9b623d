/**
 * What one host installs for a tunnel, its *half*, already agreed with the peer; and what it can ask of an installed one.
 *
 * Types only. A half comes in two forms: its *shape*, which may be written down and shown, and the half itself, which has
 * the keys. **Keys are never written down**: after a restart of the daemon the kernel (or wireguard-go) still has them, and
 * after a reboot both sides make new ones. An IPsec key that is installed twice would use the nonces of GCM twice, which
 * gives the key stream away; so a half of IPsec is installed once in the life of its keys.
 */
import type { NetNamespace } from '../sys/netns.ts';

/** Two addresses of one family, IP literals. */
export interface Ends {
  readonly local: string;
  readonly remote: string;
}

/** One direction's security association. */
export interface Sa {
  /** 256–4294967295, chosen at random by the side that receives with it. */
  readonly spi: number;
  /** 36 bytes of rfc4106(gcm(aes)): 32 of key, 4 of salt. Another one for each direction and each rekey. */
  readonly key: Buffer;
}

/** ESP in UDP. */
export interface Encapsulation {
  readonly localPort: number;
  readonly remotePort: number;
  /** Between two packets that keep a NAT's mapping alive; 0 = none. */
  readonly keepaliveSeconds: number;
}

export interface IpsecShape {
  readonly kind: 'ipsec';
  /** The addresses on the wire, IPv4 or IPv6. */
  readonly outer: Ends;
  /** The addresses inside, IPv4. The local one names the tunnel: no two tunnels of a host have the same. */
  readonly overlay: Ends;
  readonly udp?: Encapsulation;
  /** Of the route to the peer's overlay address; absent = what the way there leaves room for. */
  readonly mtu?: number;
  /** Where the overlay address lives, absent = the host. Borrowed, open as long as the half is installed. */
  readonly netns?: NetNamespace;
}

export interface IpsecHalf extends IpsecShape {
  readonly out: Sa;
  readonly in: Sa;
}

export interface WireguardPeerShape {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** Absent = the peer comes to us. */
  readonly endpoint?: { readonly address: string; readonly port: number };
  /** Absent or 0 = none. */
  readonly keepaliveSeconds?: number;
}

/**
 * One peer of a WireGuard interface. Halves with the same `name` share the interface, and then have to agree on `engine`,
 * `listenPort`, `privateKey`, `mtu` and `netns`: the first makes it, the last that is removed takes it away.
 */
export interface WireguardShape {
  readonly kind: 'wireguard';
  readonly engine: 'kernel' | 'go';
  /** Of the interface: at most 15 bytes, and of no other one on this machine, whatever the namespace. */
  readonly name: string;
  /** UDP; the socket is always the host's. */
  readonly listenPort: number;
  readonly peer: WireguardPeerShape;
  /** The addresses inside, IPv4. The local one names the tunnel: no two tunnels of a host have the same. */
  readonly overlay: Ends;
  /** Of the interface; absent = 1420. */
  readonly mtu?: number;
  /** Where the interface lives, absent = the host. Borrowed, open as long as the half is installed. */
  readonly netns?: NetNamespace;
}

export interface WireguardHalf extends WireguardShape {
  /** 32 bytes of this host alone. */
  readonly privateKey: Buffer;
  readonly peer: WireguardPeerShape & { readonly presharedKey?: Buffer };
}

export type TunnelShape = IpsecShape | WireguardShape;
export type TunnelHalf = IpsecHalf | WireguardHalf;

/** What the kernel counts. For IPsec since this SA, or since this process knows of the tunnel. */
export interface TunnelStats {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Not counted by WireGuard. */
  readonly packetsIn?: number;
  readonly packetsOut?: number;
  /** WireGuard only. */
  readonly lastHandshake?: Date;
  /**
   * Packets that came and were not let through: replayed, of a wrong key, not of the tunnel's addresses. Of the kernel's WireGuard for
   * all tunnels of an interface together, with what else came to its port and what it had no time for; of wireguard-go absent.
   */
  readonly dropped?: number;
}

interface Installed {
  readonly shape: TunnelShape;
  /** Aborts when the tunnel has ended by itself (its namespace is gone, wireguard-go cannot be kept); `reason` says why. */
  readonly ended: AbortSignal;
  stats(): Promise<TunnelStats>;
  /** The parts of the tunnel that are no longer there, e.g. after somebody's `nft flush ruleset`; [] when it is whole. */
  missing(): Promise<readonly string[]>;
  /** Takes everything of it away, newest first, and tells of each part that would not go. Again is a no-op. */
  remove(): Promise<void>;
  /** The daemon ends, the tunnel stays: lets go of what only this process holds. */
  release(): void;
}

/** The rekey is make before break: both sides add an inbound SA, then switch, then remove the old one. */
export interface InstalledIpsec extends Installed {
  readonly shape: IpsecShape;
  /** The SPI that is sent with, and those that are received. */
  spis(): Promise<{ readonly out: number; readonly in: readonly number[] }>;
  addInbound(sa: Sa): Promise<void>;
  /** From now on packets leave with `sa`; the one before is removed once what is under way with it has left. */
  switchOutbound(sa: Sa): Promise<void>;
  /** @param spi may be one that is not there any more */
  removeInbound(spi: number): Promise<void>;
}

export interface InstalledWireguard extends Installed {
  readonly shape: WireguardShape;
  setPeer(change: {
    readonly endpoint?: { readonly address: string; readonly port: number };
    readonly presharedKey?: Buffer;
    readonly keepaliveSeconds?: number;
  }): Promise<void>;
}

export type InstalledHalf = InstalledIpsec | InstalledWireguard;
/** What installing a half of this kind gives. */
export type InstalledOf<Shape extends TunnelShape> = Shape extends IpsecShape ? InstalledIpsec : InstalledWireguard;

/** Whether something works here; else which part of the kernel is missing, and what to do about it. */
export type Ability =
  | { readonly works: true }
  | { readonly works: false; readonly missing: string; readonly remedy: string };

export interface Abilities {
  readonly ipsec: Ability;
  /** The same between addresses of IPv6. */
  readonly ipsec6: Ability;
  /** IPsec inside a container: an xfrm interface. */
  readonly ipsecAttached: Ability;
  readonly wireguardKernel: Ability;
  readonly wireguardGo: Ability;
  /** The firewall table, without which no tunnel is installed. */
  readonly protection: Ability;
}

/** What is left of a tunnel that nobody knows. */
export interface Remain {
  /** By the local overlay address; absent for parts that have none. */
  readonly overlay: Partial<Ends>;
  /** E.g. `address 100.65.0.2 on lo`. */
  readonly parts: readonly string[];
  remove(): Promise<void>;
}

/** Addresses in CIDR notation. */
export interface OverlayRange {
  readonly address: string;
  readonly prefix: number;
}

export interface TunnelKernel {
  abilities(): Promise<Abilities>;
  /**
   * Installs a half in steps, each with its undo; a failure undoes them newest first, and is thrown.
   *
   * @throws {WormholeError} WH_ERR_KERNEL when a part of the kernel is missing; WH_ERR_TUNNEL_CONFLICT when an address, port,
   *   SPI or interface is taken; WH_ERR_TUNNEL; or the reason of `signal`
   */
  install<Half extends TunnelHalf>(half: Half, signal?: AbortSignal): Promise<InstalledOf<Half>>;
  /**
   * Takes up a tunnel that was installed by an earlier process; when it is not whole, says which parts there are and are not. There is
   * none when what has its keys is gone, as after a reboot, whatever may have to be swept up still.
   */
  adopt<Shape extends TunnelShape>(
    shape: Shape,
  ): Promise<InstalledOf<Shape> | { readonly partial: readonly string[]; readonly missing: readonly string[] }>;
  /** Takes away what there is of a tunnel, whole or not. */
  sweep(shape: TunnelShape): Promise<void>;
  /** Everything of ours in the host's namespace whose overlay address is in `range`, for `tunnel-gc`. */
  remains(range: OverlayRange): Promise<readonly Remain[]>;
}
